//===- LineFilter.h - Which lines are an input of their own -----*- C++ -*-===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// clang-repl joins a line that ends in a backslash with the one that follows.
/// Only the whole is an input, so a line in the middle of one must not be taken
/// for a command, even if it looks like one. This repeats the host's own test
/// (in the main function of clang-repl), which looks at the trimmed line.
///
//===----------------------------------------------------------------------===//

#ifndef INTERPRETER_PATCHES_LIB_LINEFILTER_H
#define INTERPRETER_PATCHES_LIB_LINEFILTER_H

#include "llvm/ADT/StringRef.h"

namespace interp_patches {

/// Follows the lines of one session, in their order.
class LineFilter {
public:
  /// Whether \p Line is a whole input: it neither continues the previous line
  /// nor is continued by the next.
  bool isWholeInput(llvm::StringRef Line) {
    bool Continues = InContinuation;
    InContinuation = Line.trim().ends_with("\\");
    return !Continues && !InContinuation;
  }

private:
  bool InContinuation = false;
};

} // namespace interp_patches

#endif // INTERPRETER_PATCHES_LIB_LINEFILTER_H
