//===-- CountFolding.h ------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The machine code of counting (Instrumenter.h) at code generation level None.
/// The selector there takes one instruction of IR after the other, and makes
/// seven of the count of a cell's word:
///
///   movabsq $word, %rax; movl (%rax), %eax; subl $1, %eax
///   movabsq $word, %rcx; movl %eax, (%rcx); cmpl $0, %eax; jl slow
///
/// This pass finds them as they were selected, and leaves three:
///
///   movabsq $word, %rax; decl (%rax); js slow
///
/// The value that is tested is the one that the instruction stored, as Cell.h
/// asks. On other targets than x86-64 nothing is changed, and nothing is where
/// what was selected looks otherwise: it is slower then, and right.
///
/// Two that were measured and brought nothing: words in the lower 2 GiB, which
/// need no register, and the jump of a back-edge to the loop's header itself.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_COUNTFOLDING_H
#define REOPT_LIB_COUNTFOLDING_H

namespace llvm {
class FunctionPass;
} // namespace llvm

namespace reopt {

/// To be run behind the selection of instructions.
llvm::FunctionPass *createCountFoldingPass();

} // namespace reopt

#endif // REOPT_LIB_COUNTFOLDING_H
