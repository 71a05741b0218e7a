//===- IdleBackend.h - No backend where it has nothing to do ----*- C++ -*-===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// An interpreter has clang's backend run over each input, which makes a target
/// machine and a pass builder, and at -O0 has passes for always_inline
/// functions and coroutines only. For an input of one declaration that is half
/// of all the work. See upstream/idle-backend.md.
///
//===----------------------------------------------------------------------===//

#ifndef INTERPRETER_PATCHES_IDLEBACKEND_H
#define INTERPRETER_PATCHES_IDLEBACKEND_H

namespace clang {
class CompilerInstance;
} // namespace clang

namespace interp_patches {

/// From now on, the interpreter that \p CI belongs to runs the backend's passes
/// over an input only if one of them has something to do there. Where options
/// ask for more than plain -O0, nothing changes.
///
/// Thread: the interpreter's, outside of any call of an AST consumer, and after
/// its first input: from then on, clang's consumer leaves alone what is read
/// from an AST file. To make an interpreter takes an input.
///
/// \returns false if \p CI has no consumer that is known.
bool spareIdleBackend(clang::CompilerInstance &CI);

} // namespace interp_patches

#endif // INTERPRETER_PATCHES_IDLEBACKEND_H
