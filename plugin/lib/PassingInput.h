//===- PassingInput.h - Inputs that leave no code behind --------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Most inputs of a session are statements: their code runs once, and then
/// nobody can get at it. Such an input may be removed from the JIT when its
/// initialisers have returned. It costs 12 kB else, and 50 kB if it loops.
///
/// Nobody can get at it if all that it defines is local to its module and
/// functions, which are called directly and not handed around: no data, no
/// instantiation that later inputs would share, no coroutine, whose frame leads
/// to its code; nor anything registered to be called at exit.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_PASSINGINPUT_H
#define REOPT_CLANG_PASSINGINPUT_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Allocator.h"
#include <map>

namespace llvm {
class Module;
} // namespace llvm

namespace reopt {

/// Literals that outlive the code which mentions them: the program may have
/// kept their addresses. Equal ones are one. For executors in this process.
/// Thread: the interpreter's.
class LiteralPool {
public:
  /// The pool's copy of \p Bytes, at an address that \p Alignment divides.
  const char *intern(llvm::StringRef Bytes, llvm::Align Alignment);

private:
  llvm::StringSet<llvm::BumpPtrAllocator> Texts;
  /// Those that have an alignment, by that.
  std::map<uint64_t, llvm::StringMap<const char *>> Aligned;
  llvm::BumpPtrAllocator Memory;
};

/// Whether nobody can get at code of \p M when its initialisers have returned.
/// To be asked before local names become the session's. Literals count as
/// moved.
bool leavesNothing(const llvm::Module &M);

/// Has \p M, which leaves nothing, mention \p Pool's literals instead of its
/// own where it hands out their addresses.
void moveLiterals(llvm::Module &M, LiteralPool &Pool);

} // namespace reopt

#endif // REOPT_CLANG_PASSINGINPUT_H
