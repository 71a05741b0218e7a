//===- InputContexts.h - Where the IR of inputs lives -----------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_INPUTCONTEXTS_H
#define REOPT_CLANG_INPUTCONTEXTS_H

#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"

namespace reopt {

/// Copies inputs out of the interpreter's context. That stays with the
/// interpreter thread, while tier-0 code is compiled on any thread.
///
/// Whoever compiles holds the lock of a context, and two large inputs need not
/// wait for each other: each has a context of its own. But an empty context
/// takes 30 kB, many times what most inputs take, so small inputs share one:
/// to compile one of them takes a few milliseconds at most. A context goes with
/// its last module, and what was made in it stays until then; so only some
/// share one. Thread: the interpreter's.
class InputContexts {
public:
  /// A copy of \p M, with its name.
  llvm::Expected<llvm::orc::ThreadSafeModule> copy(const llvm::Module &M);

private:
  llvm::orc::ThreadSafeContext getContext(size_t Size);

  llvm::orc::ThreadSafeContext Shared;
  unsigned Sharing = 0; ///< Inputs that were given Shared.
};

} // namespace reopt

#endif // REOPT_CLANG_INPUTCONTEXTS_H
