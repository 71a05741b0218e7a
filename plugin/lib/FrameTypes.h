//===- FrameTypes.h ---------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Tells the optimiser of what type the memory accesses of tier 0 are.
///
/// A continuation is made of tier 0's IR, whose frame it goes on in. At -O0
/// clang does not say which types accesses have (TBAA), and without it a loop
/// that stores through a pointer cannot keep in registers what it reads through
/// another. -O3's emission of the same definition says it. Its IR is the same,
/// instruction by instruction, but for what it tells the optimiser, so long as
/// it is kept from marking lifetimes, which makes cleanups.
///
/// Knows LLVM only.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_FRAMETYPES_H
#define REOPT_CLANG_FRAMETYPES_H

#include <cstddef>

namespace llvm {
class Function;
} // namespace llvm

namespace reopt {

/// Gives the accesses of \p Frame the types that they have in \p Typed, which
/// is of the same context. Nothing happens, and the result is false, if the two
/// differ in anything that could put an access beside a wrong one.
bool copyAccessTypes(const llvm::Function &Typed, llvm::Function &Frame);

/// How many instructions are compared. What runs one thing after the other has
/// as many as these have in functions of their own.
size_t getFrameLength(const llvm::Function &F);

} // namespace reopt

#endif // REOPT_CLANG_FRAMETYPES_H
