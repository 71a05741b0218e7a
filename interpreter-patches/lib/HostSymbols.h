//===- HostSymbols.h - The host's symbols that are patched ------*- C++ -*-===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The complete list of what this room redirects in a host. Each has a page in
/// upstream/. A new entry needs one too.
///
//===----------------------------------------------------------------------===//

#ifndef INTERPRETER_PATCHES_LIB_HOSTSYMBOLS_H
#define INTERPRETER_PATCHES_LIB_HOSTSYMBOLS_H

#include "interpreter-patches/PltPatch.h"

namespace interp_patches {

/// `clang::Interpreter::create(unique_ptr<CompilerInstance>,
/// unique_ptr<IncrementalExecutorBuilder>)`.
/// See upstream/interpreter-create.md.
ImportedFunction interpreterCreate();

/// `llvm::LineEditor::readLine() const`.
/// See upstream/line-editor-read-line.md.
ImportedFunction lineEditorReadLine();

} // namespace interp_patches

#endif // INTERPRETER_PATCHES_LIB_HOSTSYMBOLS_H
