//===-- ElfObject.h ---------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A relocatable object of x86-64 ELF, in memory. An object, and not JITLink's
/// graph: who listens to what is linked, debuggers among them, is shown
/// objects.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_BASELINE_ELFOBJECT_H
#define REOPT_LIB_BASELINE_ELFOBJECT_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <deque>
#include <string>
#include <vector>

namespace reopt::baseline {

class ElfObject {
public:
  using SymbolId = unsigned;
  static constexpr SymbolId NoSymbol = ~0u;

  struct Relocation {
    uint64_t Offset;
    /// ELF::R_X86_64_...
    uint32_t Type;
    SymbolId Symbol;
    int64_t Addend;
  };

  struct Section {
    std::string Name;
    /// ELF::SHT_...
    uint32_t Type;
    /// ELF::SHF_...
    uint64_t Flags;
    uint64_t Align = 1;
    llvm::SmallVector<char, 0> Bytes;
    /// Of a section without contents.
    uint64_t ZeroBytes = 0;
    std::vector<Relocation> Relocations;
    /// Its index in the file.
    unsigned Index = 0;

    /// Appends padding.
    void alignTo(uint64_t Alignment, char Padding = 0);
  };

  /// References stay valid.
  Section &addSection(llvm::StringRef Name, uint32_t Type, uint64_t Flags);

  /// A symbol without a place. \p Name may be empty for what is never looked
  /// for by name.
  SymbolId addSymbol(llvm::StringRef Name);

  /// \p Binding, \p Type and \p Visibility: ELF::STB_..., STT_... and STV_...
  void define(SymbolId S, Section &In, uint64_t Offset, uint64_t Size,
              uint8_t Binding, uint8_t Type, uint8_t Visibility = 0);
  /// May be undefined when the program is linked.
  void makeWeak(SymbolId S);

  /// Whether the file format can count the sections.
  bool fits() const;
  llvm::SmallVector<char, 0> write();

private:
  struct Symbol {
    std::string Name;
    Section *In = nullptr;
    uint64_t Offset = 0, Size = 0;
    uint8_t Binding, Type, Visibility;
    /// Its index in the file.
    unsigned Index = 0;
  };

  std::deque<Section> Sections;
  std::vector<Symbol> Symbols;
};

} // namespace reopt::baseline

#endif // REOPT_LIB_BASELINE_ELFOBJECT_H
