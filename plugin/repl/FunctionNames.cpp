//===-- FunctionNames.cpp ------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionNames.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Demangle/Demangle.h"
#include <cstdlib>

using namespace llvm;

namespace reopt {

namespace {

/// Calls one of the demangler's functions, which hand out malloc'ed text.
template <typename Fn> std::string getText(Fn Call) {
  size_t Size = 0;
  char *Text = Call(nullptr, &Size);
  std::string Result = Text ? Text : "";
  std::free(Text);
  return Result;
}

std::string withoutSpaces(StringRef Text) {
  std::string Result;
  for (char C : Text)
    if (!isSpace(C))
      Result += C;
  return Result;
}

/// Whether \p Whole is \p Part or ends in it after a scope.
bool isNameOf(StringRef Whole, StringRef Part) {
  if (!Whole.consume_back(Part))
    return false;
  return Whole.empty() || Whole.ends_with("::");
}

/// Where the parameter list begins; npos without one.
size_t findParameters(StringRef Query) {
  size_t From = 0;
  // operator() has parentheses in its name.
  if (size_t Operator = Query.find("operator()"); Operator != StringRef::npos)
    From = Operator + 10;
  return Query.find('(', From);
}

} // namespace

std::string withoutTemplateArguments(StringRef Name) {
  std::string Result;
  unsigned Depth = 0;
  for (size_t I = 0; I < Name.size(); ++I) {
    // The angles of operator< and its like are not brackets.
    if (Depth == 0 && Name.substr(I).starts_with("operator")) {
      Result += "operator";
      I += 8;
      while (I < Name.size() && (Name[I] == '<' || Name[I] == '>' ||
                                 Name[I] == '=' || Name[I] == '-'))
        Result += Name[I++];
      --I;
      continue;
    }
    if (Name[I] == '<')
      ++Depth;
    else if (Name[I] == '>' && Depth)
      --Depth;
    else if (!Depth)
      Result += Name[I];
  }
  return Result;
}

FunctionName FunctionName::parse(StringRef LinkerName) {
  FunctionName Result;
  ItaniumPartialDemangler Demangler;
  std::string Name = LinkerName.str();
  if (Demangler.partialDemangle(Name.c_str()) || !Demangler.isFunction()) {
    Result.Full = Result.Qualified = demangle(Name);
    return Result;
  }
  Result.Full = getText([&](char *Buffer, size_t *Size) {
    return Demangler.finishDemangle(Buffer, Size);
  });
  Result.Qualified = getText([&](char *Buffer, size_t *Size) {
    return Demangler.getFunctionName(Buffer, Size);
  });
  Result.Parameters = getText([&](char *Buffer, size_t *Size) {
    return Demangler.getFunctionParameters(Buffer, Size);
  });
  return Result;
}

bool FunctionName::matches(StringRef Query) const {
  const size_t At = findParameters(Query);
  const std::string Name = withoutSpaces(Query.take_front(At));
  const std::string Mine = withoutSpaces(Qualified);
  if (!isNameOf(Mine, Name) &&
      !isNameOf(withoutSpaces(withoutTemplateArguments(Qualified)), Name))
    return false;
  if (At == StringRef::npos)
    return true;
  const std::string Wanted = withoutSpaces(Query.substr(At));
  return withoutSpaces(Parameters) == Wanted ||
         StringRef(withoutSpaces(Parameters)).starts_with(Wanted);
}

} // namespace reopt
