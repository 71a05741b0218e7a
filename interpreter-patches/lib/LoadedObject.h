//===- LoadedObject.h - A program or shared library in memory ---*- C++ -*-===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// What the dynamic linker knows about one ELF object of this process, read
/// from the object's own program headers and dynamic section: where it lies,
/// which of its pages are read-only, and which slots it imports functions
/// through. 64-bit ELF with `RELA` relocations: x86-64 and AArch64.
///
//===----------------------------------------------------------------------===//

#ifndef INTERPRETER_PATCHES_LIB_LOADEDOBJECT_H
#define INTERPRETER_PATCHES_LIB_LOADEDOBJECT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <link.h>
#include <memory>
#include <string>
#include <vector>

namespace interp_patches {

/// One loaded object, held in memory for as long as this lives.
class LoadedObject {
public:
  /// A pointer through which an object calls or addresses an imported function.
  struct Import {
    void **Slot;
    /// False if the object itself defines the function that it imports, as one
    /// that can be interposed does.
    bool IsUndefined;
    /// The symbol version that is asked for, or null.
    const char *Version;
  };

  /// The objects that are loaded now, in the dynamic linker's order. The
  /// kernel's vDSO is not among them.
  static std::vector<LoadedObject> all();

  bool contains(const void *Address) const;

  /// Calls \p Do for each import slot of \p MangledName.
  void forEachImport(const char *MangledName,
                     llvm::function_ref<void(const Import &)> Do) const;

  /// The definition that the dynamic linker would bind \p I of this object to,
  /// or null.
  void *wouldBindTo(const char *MangledName, const Import &I) const;

  /// Stores \p Value in \p Slot, which must be one of this object's, at once
  /// for all threads. Lifts the page's write protection meanwhile.
  llvm::Error write(void **Slot, void *Value) const;

  /// Keeps the object in memory until the process ends.
  void keepForever() const;

private:
  struct Unpin {
    void operator()(void *Handle) const;
  };
  /// A reference in the dynamic linker's own count.
  using Pin = std::unique_ptr<void, Unpin>;

  LoadedObject(std::string Path, ElfW(Addr) Base,
               llvm::ArrayRef<ElfW(Phdr)> Headers, Pin Handle);
  void readDynamicSection(const ElfW(Dyn) * Entry);
  const char *versionOf(size_t SymbolIndex) const;
  bool isReadOnly(const void *Address) const;

  /// As the dynamic linker knows it; empty for the program itself.
  std::string Path;
  ElfW(Addr) Base;
  llvm::ArrayRef<ElfW(Phdr)> Headers;
  Pin Handle;

  // From the dynamic section; null or empty where the object has none.
  const ElfW(Sym) *Symbols = nullptr;
  const char *Strings = nullptr;
  llvm::ArrayRef<ElfW(Rela)> PltRelocations;
  llvm::ArrayRef<ElfW(Rela)> DataRelocations;
  const ElfW(Half) *SymbolVersions = nullptr;
  const ElfW(Verneed) *NeededVersions = nullptr;
};

} // namespace interp_patches

#endif // INTERPRETER_PATCHES_LIB_LOADEDOBJECT_H
