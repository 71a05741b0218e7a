//===- PltPatch.cpp - Redirect imported functions -------------------------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/PltPatch.h"

#include "LoadedObject.h"

using namespace interp_patches;

/// Whether calls through \p I reach \p Definition, now or once it is bound.
static bool leadsTo(const LoadedObject &Importer, const LoadedObject::Import &I,
                    const char *Name, void *Definition) {
  void *Now = __atomic_load_n(I.Slot, __ATOMIC_ACQUIRE);
  if (Now == Definition)
    return true;
  // Until the first call, a lazily bound slot leads back into the importer's
  // own linkage table.
  return I.IsUndefined && Importer.contains(Now) &&
         Importer.wouldBindTo(Name, I) == Definition;
}

namespace {
/// What a look at all loaded objects has found.
struct Imports {
  struct Slot {
    const LoadedObject *Importer;
    void **Address;
  };
  /// The slots that lead to the definition.
  std::vector<Slot> Slots;

  /// Whether the "definition" is in truth an entry of the program's own linkage
  /// table. A program that is not position-independent and takes the address
  /// of an imported function makes the dynamic linker use that entry as the
  /// function's address everywhere. It jumps through a slot that would be
  /// redirected: a replacement that calls it would call itself for ever.
  bool DefinitionIsImported = false;
};
} // namespace

/// The imports of \p Function outside the object that contains \p Self.
static Imports findImports(const std::vector<LoadedObject> &Objects,
                           const ImportedFunction &Function, const void *Self) {
  std::string Name = Function.MangledName.str();
  Imports Found;
  for (const LoadedObject &Object : Objects) {
    bool HasDefinition = Object.contains(Function.Definition);
    bool HasSelf = Object.contains(Self);
    Object.forEachImport(Name.c_str(), [&](const LoadedObject::Import &I) {
      if (HasDefinition && I.IsUndefined)
        Found.DefinitionIsImported = true;
      else if (!HasSelf &&
               leadsTo(Object, I, Name.c_str(), Function.Definition))
        Found.Slots.push_back({&Object, I.Slot});
    });
  }
  return Found;
}

llvm::Expected<unsigned>
interp_patches::redirectImports(const ImportedFunction &Function,
                                void *Replacement) {
  std::vector<LoadedObject> Objects = LoadedObject::all();
  Imports Found = findImports(Objects, Function, Replacement);
  if (Found.DefinitionIsImported)
    return llvm::createStringError(
        "cannot redirect '%s': the program, which is not position-independent, "
        "stands in for its definition",
        Function.MangledName.str().c_str());

  if (!Found.Slots.empty())
    for (const LoadedObject &Object : Objects)
      if (Object.contains(Replacement))
        Object.keepForever();
  for (const Imports::Slot &S : Found.Slots)
    if (llvm::Error E = S.Importer->write(S.Address, Replacement))
      return E;
  return Found.Slots.size();
}

unsigned interp_patches::countImports(const ImportedFunction &Function,
                                      const void *Self) {
  return findImports(LoadedObject::all(), Function, Self).Slots.size();
}
