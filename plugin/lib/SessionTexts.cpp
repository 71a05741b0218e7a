//===-- SessionTexts.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt-clang/SessionTexts.h"
#include "reopt/Options.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace reopt {

const char *getSessionReasonText(Reason R) {
  switch (R) {
  case Reason::BeingCompiled:
    return "hot; being compiled at -O3";
  case Reason::Hot:
    return "hot: compiled at -O3";
  case Reason::Requested:
    return "asked for: compiled at -O3";
  case Reason::BeforeFirstCall:
    return "its loops cannot go on while they run: compiled at -O3 before its "
           "first call";
  case Reason::Speculated:
    return "compiled at -O3 while the session waited";
  case Reason::WarmCallee:
    return "warm, and called by a function compiled at -O3";
  case Reason::Served:
    return "inlined into its hot callers, which are at -O3";
  case Reason::BesideAssembly:
    return "beside assembly or an ifunc in one input, from which it cannot be "
           "parted";
  case Reason::NoDefinition:
    return "its definition is not in the AST";
  case Reason::TooLarge:
    return "too large to compile at -O3 (option max-function)";
  case Reason::EmissionFailed:
    return "clang could not emit it again";
  case Reason::Continued:
    return "its running loop went on at -O3";
  case Reason::Undone:
    return "its definition was undone";
  default:
    return getReasonText(R);
  }
}

std::string getSessionOptionHelp() {
  return getOptionHelp([](StringRef Name) {
    return StringSwitch<StringRef>(Name)
        .Case("tiering",
              "whether new trips are compiled; %reopt on|off changes it")
        .Case("osr", "whether running loops go on at -O3")
        .Case("speculate",
              "of the time that the session waits, how much is used to compile "
              "what is not hot; %reopt speculate changes it")
        .Case("speculate-after",
              "how long the session waits before that begins")
        .Default("");
  });
}

} // namespace reopt
