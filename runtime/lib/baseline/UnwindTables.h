//===-- UnwindTables.h ------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// What unwinding and exceptions need to know of functions with a frame
/// pointer: .eh_frame (System V ABI for AMD64, 3.7 and DWARF 6.4) and
/// .gcc_except_table (Itanium C++ ABI, exception handling, and the LSDA layout
/// that GCC established).
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_BASELINE_UNWINDTABLES_H
#define REOPT_LIB_BASELINE_UNWINDTABLES_H

#include "ElfObject.h"
#include <map>

namespace reopt::baseline {

/// Calls that a landing pad is for. Offsets from the function's begin.
struct CallSite {
  uint32_t Begin, End;
  uint32_t Pad;
  /// Of FunctionUnwind::Actions, plus 1; 0 for a cleanup alone.
  unsigned Action;
};

/// An action record: what it catches and the record that is asked next.
struct Action {
  /// Index of a type, from 1; 0 is a cleanup.
  int64_t Filter;
  /// Of FunctionUnwind::Actions, plus 1; 0 ends the chain. Always less than the
  /// record's own number.
  unsigned Next;
};

struct FunctionUnwind {
  /// A local symbol at the function's begin.
  ElfObject::SymbolId Function = ElfObject::NoSymbol;
  uint32_t Size = 0;
  /// Where `push rbp` and `mov rbp, rsp` end.
  uint32_t FramePushed = 0, FrameSet = 0;
  /// Where `leave` ends; `ret`, a byte, follows.
  std::vector<uint32_t> Returns;

  ElfObject::SymbolId Personality = ElfObject::NoSymbol;
  /// In ascending order.
  std::vector<CallSite> CallSites;
  std::vector<Action> Actions;
  /// Type information; NoSymbol catches all.
  std::vector<ElfObject::SymbolId> Types;
};

class UnwindTables {
public:
  explicit UnwindTables(ElfObject &Object) : Object(Object) {}
  void add(const FunctionUnwind &F);

private:
  /// A word of this object that holds the address of \p S.
  ElfObject::SymbolId getPointerTo(ElfObject::SymbolId S);
  /// \p Personality: NoSymbol for functions that catch nothing.
  uint32_t getCommonEntry(ElfObject::SymbolId Personality);
  ElfObject::SymbolId addTable(const FunctionUnwind &F);

  ElfObject &Object;
  ElfObject::Section *Frames = nullptr, *Tables = nullptr, *Pointers = nullptr;
  std::map<ElfObject::SymbolId, ElfObject::SymbolId> PointerTo;
  /// By personality: where its common information entry begins.
  std::map<ElfObject::SymbolId, uint32_t> Common;
};

} // namespace reopt::baseline

#endif // REOPT_LIB_BASELINE_UNWINDTABLES_H
