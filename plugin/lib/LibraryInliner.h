//===- LibraryInliner.h -----------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Inlines what is small of the standard library into tier 0.
///
/// A statement that looks a name up in a map calls a hundred functions of the
/// library, of a dozen instructions each: iterators, accessors, casts. What
/// tier 0 spends on them is spent for each function, not for what is in it: to
/// generate code for one takes as long as for a hundred instructions. So they
/// are put into their callers while the module is still the host's, and what
/// nobody mentions any more is never seen by the layer.
///
/// Nobody can tell. Which functions of a library there are in a program is the
/// library's business, and what counts calls is the user's functions that call
/// these. Functions of the user's stay as they are written, in namespace std,
/// too: each is listed, counted, and found in a debugger. So does what asks for
/// its frame, or is not to be inlined.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_LIBRARYINLINER_H
#define REOPT_CLANG_LIBRARYINLINER_H

#include "llvm/ADT/StringSet.h"

namespace llvm {
class Module;
} // namespace llvm

namespace reopt {

/// Inlines into \p M's functions what they call of the library, has no more
/// than \p MaxSize instructions by then, and is defined in M. Left alone are
/// callers that loop, since continuations are made of their frames as clang
/// emits them, and what has debug information; and of callees those in \p Kept.
void inlineLibrary(llvm::Module &M, unsigned MaxSize,
                   const llvm::StringSet<> &Kept);

} // namespace reopt

#endif // REOPT_CLANG_LIBRARYINLINER_H
