//===- HostGate.h - Load a plugin only where it fits ------------*- C++ -*-===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Any program that knows `-fplugin=` may load a plugin, and LLVM promises
/// nothing about its C++ interfaces from one release to the next. A plugin that
/// is linked with libclang-cpp does not fail to load into a host on another
/// release: its libclang-cpp comes along, next to the host's own. Up to LLVM 19
/// that library carries no symbol versions, so the newcomer's references bind
/// to the host's objects, which its static constructors then initialise again.
/// Tried with clang-repl 14, 16 and 19 and clang 14: the host dies, at the
/// latest at exit, whatever the plugin itself does or leaves undone. Its first
/// constructor is too late.
///
/// So a plugin has to be two files. The *gate*, which the user names, needs
/// nothing of LLVM; it looks at the process and, if that fits, loads the plugin
/// proper, which lies beside it. This header and its library
/// (`InterpreterPatchesGate`) are all that a gate needs. They use the C and the
/// C++ standard library only, and must stay so.
///
//===----------------------------------------------------------------------===//

#ifndef INTERPRETER_PATCHES_HOSTGATE_H
#define INTERPRETER_PATCHES_HOSTGATE_H

#include <optional>
#include <string>

namespace interp_patches {

/// Whether the process has loaded the libclang-cpp that this was built for.
///
/// Thread: any. Takes the dynamic linker's lock for a moment. Cannot fail.
///
/// \returns nothing if so; else why not, naming both sides in one line without
/// a line break, to be printed after the plugin's name.
std::optional<std::string> hostOnOtherRelease();

/// Loads the library \p FileName from the directory of the object that contains
/// \p Self, for the rest of the process. Its constructors have run on return.
///
/// Thread: the one that loads the plugin; may be called from a constructor.
///
/// \returns nothing on success, else the dynamic linker's message.
std::optional<std::string> loadBeside(const void *Self, const char *FileName);

} // namespace interp_patches

#endif // INTERPRETER_PATCHES_HOSTGATE_H
