//===- InterpreterHooks.h - Take part in a host's interpreter ---*- C++ -*-===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// clang-repl and the notebook hosts load plugins, but give a plugin no say in
/// how their `clang::Interpreter` is made, and show it no line that the user
/// types. The two functions with which a host does these things are imported
/// from shared libraries, so this room redirects the imports (PltPatch.h):
///
/// | host calls                                | patched so that a client can |
/// |-------------------------------------------|------------------------------|
/// | `clang::Interpreter::create(CI, Builder)` | give it another executor     |
/// | `llvm::LineEditor::readLine()`            | have its own `%` commands    |
///
/// The pages in `upstream/` say for each what LLVM would have to offer for the
/// patch to go away. Whoever calls `Interpreter::create` in his own code needs
/// none of this.
///
//===----------------------------------------------------------------------===//

#ifndef INTERPRETER_PATCHES_INTERPRETERHOOKS_H
#define INTERPRETER_PATCHES_INTERPRETERHOOKS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <functional>

namespace clang {
class CompilerInstance;
class IncrementalExecutorBuilder;
class Interpreter;
} // namespace clang

namespace interp_patches {

/// What a client wants to be told. Any of them may be empty.
///
/// Thread: each is called on the thread on which the host made the call,
/// usually the one that runs the whole session. No lock is held. They must not
/// throw.
struct InterpreterHooks {
  /// The host is about to create an interpreter from \p CI. The builder may be
  /// changed, its `IE` above all; it goes into the interpreter afterwards.
  ///
  /// \p Builder is null if this interpreter is a helper for tab completion:
  /// clang-repl makes one at each Tab, while readLine runs on the same thread.
  /// It parses and runs nothing of the user's. Everywhere else there is a
  /// builder: where the host passed none, the hook is given the default one
  /// that clang would have made itself.
  std::function<void(clang::CompilerInstance &CI,
                     clang::IncrementalExecutorBuilder *Builder)>
      BeforeCreate;

  /// An interpreter whose builder was not null (see above) has been created.
  /// Not called if the creation failed.
  std::function<void(clang::Interpreter &)> AfterCreate;

  /// The host begins to wait for a line: until AfterReadLine, the calling
  /// thread neither parses nor runs code, except for completion.
  std::function<void()> BeforeReadLine;

  /// The wait is over: with a line, or with the end of the input. Each
  /// BeforeReadLine is followed by one AfterReadLine.
  std::function<void()> AfterReadLine;

  /// The user has entered \p Line, as typed, without its line break. If the
  /// hook returns true, the host never sees the line, and the next one is read.
  /// Called between AfterReadLine and the next BeforeReadLine.
  ///
  /// Only lines that are an input of their own are offered: neither one that
  /// ends in a backslash, nor the one that continues it.
  std::function<bool(llvm::StringRef Line)> OnLine;
};

/// How much of a host was reached: import slots newly redirected. Zero is not
/// an error; a host may be linked in a way that has no such slot, or may read
/// its lines without LineEditor.
struct Installed {
  unsigned CreateSlots = 0;
  unsigned ReadLineSlots = 0;
};

/// Makes the calls of all objects loaded now go through \p Hooks, for the rest
/// of the process.
///
/// Thread: the one that loads the plugin; a constructor of the plugin is early
/// enough for clang-repl. Not to be called while another thread is in install
/// or rescan. Ask unsupportedHost() (HostCheck.h) first.
///
/// \returns what was reached, or an error if hooks are installed already or a
/// slot could not be written. After an error no hook is called.
llvm::Expected<Installed> install(InterpreterHooks Hooks);

/// Redirects, for the hooks already installed, the slots of objects that were
/// loaded since. For a host that loads the library which calls
/// `Interpreter::create` after the plugin.
///
/// Thread: any, under the same condition as install.
llvm::Expected<Installed> rescan();

} // namespace interp_patches

#endif // INTERPRETER_PATCHES_INTERPRETERHOOKS_H
