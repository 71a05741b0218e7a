//===- LoopChoice.h - At which loops frames are left ------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Which loops of a function get continuations, and which are left at another
/// loop. OnStackReplacement.h has the idea.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_LOOPCHOICE_H
#define REOPT_LIB_LOOPCHOICE_H

#include "reopt/OnStackReplacement.h"

namespace reopt {

/// How many back-edges a frame waits for the loop around the one that it is in.
/// Each is a poll then, of ten nanoseconds or so. A level of a nest costs ten
/// milliseconds of compile time and more: the wait is short beside that.
constexpr uint64_t MaxWaitForLoop = 1 << 18;

struct LoopChoice {
  enum KindTy : uint8_t {
    Refused,   ///< No continuation can be made, or is worth it.
    OnRequest, ///< None is made until somebody runs there.
    Here,      ///< One is made that begins there.
    Behind,    ///< That of loop Of runs through it, and can be entered there.
    Around, ///< Frames are left at a loop around it, which is Here or Behind.
  } Kind = OnRequest;
  unsigned Of = 0;
};

/// What becomes of each loop of \p Frame, given that \p Wanted is asked for.
/// \p Points is findLoopPoints() of it. Frame is as it was afterwards.
std::vector<LoopChoice> chooseLoops(llvm::Function &Frame,
                                    const std::vector<LoopPoint> &Points,
                                    const LoopRequest &Wanted);

} // namespace reopt

#endif // REOPT_LIB_LOOPCHOICE_H
