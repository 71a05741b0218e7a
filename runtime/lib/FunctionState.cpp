//===-- FunctionState.cpp -------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/FunctionState.h"
#include <cassert>

namespace reopt {

const char *getStageName(Stage S) {
  switch (S) {
  case Stage::Lazy:
    return "lazy";
  case Stage::Tier0:
    return "tier 0";
  case Stage::Queued:
    return "queued";
  case Stage::Compiling:
    return "compiling";
  case Stage::Tier1:
    return "tier 1";
  case Stage::Refused:
    return "refused";
  case Stage::Removed:
    return "removed";
  }
  return "";
}

bool isLegalTransition(Stage From, Stage To) {
  // Anything that exists can be undone, and nothing comes back.
  if (From == Stage::Removed)
    return false;
  if (To == Stage::Removed)
    return true;
  switch (From) {
  case Stage::Lazy:
    return To == Stage::Tier0 || To == Stage::Queued || To == Stage::Tier1 ||
           To == Stage::Refused;
  case Stage::Tier0:
    // Tier1 without Queued: a warm callee that was compiled with its caller.
    return To == Stage::Queued || To == Stage::Tier1 || To == Stage::Refused;
  case Stage::Queued:
    return To == Stage::Compiling || To == Stage::Tier0 || To == Stage::Lazy ||
           To == Stage::Tier1;
  case Stage::Compiling:
    return To == Stage::Tier1 || To == Stage::Refused || To == Stage::Tier0 ||
           To == Stage::Lazy || To == Stage::Queued;
  case Stage::Tier1:
    // Queued: the body counts, and tripped. Demotion: a definition that the
    // body had inlined was taken back.
    return To == Stage::Queued || To == Stage::Tier0 || To == Stage::Lazy;
  case Stage::Refused:
    return To == Stage::Queued || To == Stage::Tier1;
  case Stage::Removed:
    break;
  }
  return false;
}

void FunctionState::transition(Stage To) {
  assert(isLegalTransition(St, To) && "illegal stage");
  St = To;
}

void FunctionState::explain(Reason R, llvm::StringRef Words) {
  Why = R;
  Detail = Words.empty() ? nullptr : std::make_unique<std::string>(Words);
}

const char *getReasonText(Reason R) {
  switch (R) {
#define REOPT_REASON(Name, Text)                                               \
  case Reason::Name:                                                           \
    return Text;
#include "reopt/Reasons.def"
  }
  return "";
}

} // namespace reopt
