//===-- FrameEscape.h -------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which variables of a frame nobody else has the address of. LLVM's own capture
// analysis stops at calls, and what -O0 code does to a vector is all calls. We
// follow pointers into the definitions that are in the same module. These may
// stand for code that is linked otherwise (available_externally), which LLVM
// must not rely on, since it could have been optimised differently. Here all of
// it comes from one source, not optimised, and whether a function keeps an
// address is a matter of its source.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_FRAMEESCAPE_H
#define REOPT_FRAMEESCAPE_H

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace llvm {
class AllocaInst;
class Argument;
class CallBase;
class Function;
class Use;
class Value;
} // namespace llvm

namespace reopt {

class FrameEscape {
public:
  /// Values that a frame passes to its continuation.
  using ValueSet = llvm::SmallPtrSet<const llvm::Value *, 16>;

  /// Whether \p A is accessed in its own function and its callees only, never
  /// as volatile, and no value in \p Passed points into it. Then a copy of it
  /// can stand for it.
  bool isPrivate(const llvm::AllocaInst &A, const ValueSet &Passed);

private:
  enum Result : uint8_t { Stays, IsReturned, Escapes };
  struct Walk;

  Result follow(const llvm::Value &Pointer, const ValueSet *Passed);
  Result followUse(const llvm::Use &U, Walk &W);
  Result followCall(const llvm::CallBase &Call, const llvm::Use &U, Walk &W);
  Result followArgument(llvm::Argument &A);

  llvm::DenseMap<const llvm::Argument *, Result> Known;
  llvm::SmallPtrSet<const llvm::Function *, 16> Promoted;
  unsigned Depth = 0;
};

} // namespace reopt

#endif // REOPT_FRAMEESCAPE_H
