//===-- BaselineCompiler.h --------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A code generator for tier 0: from the IR that clang generates at -O0 to
/// x86-64 in one pass, as the baseline compilers of other JITs do it. LLVM's,
/// at its lowest level, runs some fifty passes over each function and takes ten
/// times as long.
///
/// It compiles what -O0 code is made of, for the System V ABI on ELF, and says
/// no to all else: vectors, long double, assembly, odd widths, debug
/// information. LLVM compiles a module then. The code is as good as that of
/// LLVM's level None, and has the same frames: a frame pointer, unwind
/// information that is right at each instruction.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_BASELINE_BASELINECOMPILER_H
#define REOPT_LIB_BASELINE_BASELINECOMPILER_H

#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"

namespace reopt::baseline {

/// The object of \p M for \p Target, or null if there is something in it that
/// LLVM has to compile; \p Why says what, in a few words. Keeps nothing between
/// calls and may run on any number of threads, for modules of different
/// contexts.
std::unique_ptr<llvm::MemoryBuffer> compile(const llvm::Module &M,
                                            const llvm::Triple &Target,
                                            llvm::StringRef &Why);

} // namespace reopt::baseline

#endif // REOPT_LIB_BASELINE_BASELINECOMPILER_H
