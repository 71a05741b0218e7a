//===-- Options.cpp -------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/Options.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

using namespace llvm;

namespace reopt {

namespace {

struct Entry {
  StringRef Name;
  int64_t Options::*Field;
  int64_t Default, Min, Max;
  StringRef Unit, Text;
  bool IsHidden;
};

const Entry Entries[] = {
#define REOPT_OPTION(Field, Name, Default, Min, Max, Unit, Text)               \
  {Name, &Options::Field, Default, Min, Max, Unit, Text, false},
#define REOPT_HIDDEN_OPTION(Field, Name, Default, Min, Max, Unit, Text)        \
  {Name, &Options::Field, Default, Min, Max, Unit, Text, true},
#include "reopt/Options.def"
};

std::optional<int64_t> parseValue(StringRef Text) {
  if (Text == "on" || Text == "true")
    return 1;
  if (Text == "off" || Text == "false")
    return 0;
  int64_t Value;
  if (Text.getAsInteger(10, Value))
    return std::nullopt;
  return Value;
}

} // namespace

Error Options::set(StringRef Assignment) {
  auto [Name, Text] = Assignment.trim().split('=');
  for (const Entry &E : Entries) {
    if (Name.trim() != E.Name)
      continue;
    auto Value = Assignment.contains('=') ? parseValue(Text.trim())
                                          : std::optional<int64_t>(1);
    if (!Value || *Value < E.Min || *Value > E.Max)
      return createStringError(
          inconvertibleErrorCode(),
          E.Unit == "on|off"
              ? formatv("option {0} takes on or off, not '{1}'", E.Name,
                        Text.trim())
                    .str()
              : formatv("option {0} takes a number of {1} from {2} to {3}, not "
                        "'{4}'",
                        E.Name, E.Unit, E.Min, E.Max, Text.trim())
                    .str());
    this->*E.Field = *Value;
    return Error::success();
  }
  return createStringError(
      inconvertibleErrorCode(),
      formatv("no option '{0}'; valid are {1}", Name.trim(), getOptionNames()));
}

Error Options::setAll(StringRef List) {
  SmallVector<StringRef, 8> Parts;
  SplitString(List, Parts, ", \t\n");
  for (StringRef Part : Parts)
    if (auto Err = set(Part))
      return Err;
  return Error::success();
}

std::string getOptionNames() {
  std::vector<StringRef> Names;
  for (const Entry &E : Entries)
    if (!E.IsHidden)
      Names.push_back(E.Name);
  return join(Names, ", ");
}

std::string getOptionHelp(function_ref<StringRef(StringRef Name)> Say) {
  std::string Result;
  raw_string_ostream OS(Result);
  for (const Entry &E : Entries) {
    if (E.IsHidden)
      continue;
    StringRef Said = Say ? Say(E.Name) : "";
    OS << formatv("  {0,-15} {1,8} {2,-13} {3}\n", E.Name, E.Default, E.Unit,
                  Said.empty() ? E.Text : Said);
  }
  return Result;
}

} // namespace reopt
