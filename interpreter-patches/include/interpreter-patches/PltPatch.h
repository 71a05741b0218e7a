//===- PltPatch.h - Redirect imported functions -----------------*- C++ -*-===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// A program or library that calls a function of another library calls it
/// through a pointer of its own, the *import slot*, which the dynamic linker
/// fills in. Writing another address into that pointer redirects the calls of
/// that one object and of nobody else: no code is modified, and the function
/// itself stays as it is for everyone who reaches it in another way.
///
/// Import slots are found in two places of each loaded object:
///   - the procedure linkage table (`DT_JMPREL`, `R_*_JUMP_SLOT`), bound at the
///     first call or, with `-z now`, when the object is loaded;
///   - the global offset table (`DT_RELA`, `R_*_GLOB_DAT`), which code built
///     with `-fno-plt` calls through.
///
/// Not reached: calls inside the object that defines the function (libclang-cpp
/// and libLLVM are linked so that those need no slot), and addresses that were
/// copied elsewhere before (a vtable, a variable, the result of dlsym).
///
//===----------------------------------------------------------------------===//

#ifndef INTERPRETER_PATCHES_PLTPATCH_H
#define INTERPRETER_PATCHES_PLTPATCH_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace interp_patches {

/// A function that one shared library defines and others import.
///
/// The definition is given by its address, not looked up by its name, because
/// a name does not say which one is meant: two releases of a library may be in
/// one process, and both define the name (under different symbol versions, or
/// with none at all). `&function` in the caller's source was resolved by the
/// dynamic linker itself, version included, and the compiler has checked its
/// type. dlsym would have to guess: `RTLD_DEFAULT` returns the first of them,
/// `RTLD_NEXT` searches only what follows the calling object.
struct ImportedFunction {
  /// The name as in the symbol table.
  llvm::StringRef MangledName;
  /// Where the definition starts.
  void *Definition;
};

/// Writes \p Replacement into every slot, in every loaded object, that imports
/// \p Function.
///
/// A slot counts only if it is bound to `Function.Definition`, or is not bound
/// yet and would be bound to it. A slot that leads anywhere else (another
/// version of the library, the redirection of another tool) is left alone. The
/// object that contains \p Replacement is left alone too: there, a plain call
/// of the function still reaches the definition, so that a replacement needs
/// no saved pointer to call what it replaces.
///
/// The call can be repeated at any time, and must be to reach objects that were
/// loaded later: slots which already lead to \p Replacement are not counted and
/// not written again.
///
/// From the first slot on, the object that contains \p Replacement stays loaded
/// until the process ends; dlclose no longer unmaps it.
///
/// Thread: any, but one call at a time. Slots are replaced atomically, so other
/// threads may be calling through them. The call takes the dynamic linker's
/// locks and must therefore not be made from a `dl_iterate_phdr` callback.
///
/// \returns the number of slots written, 0 if nobody imports the function. An
/// error if a page could not be made writable (slots written before stay so),
/// or if the "definition" is only the program's own entry to the real one (see
/// the implementation), which a replacement must never call.
llvm::Expected<unsigned> redirectImports(const ImportedFunction &Function,
                                         void *Replacement);

/// The number of slots that redirectImports would write for a replacement in
/// the object that contains \p Self. Writes nothing.
///
/// Thread and locks: as for redirectImports. Never fails.
unsigned countImports(const ImportedFunction &Function, const void *Self);

} // namespace interp_patches

#endif // INTERPRETER_PATCHES_PLTPATCH_H
