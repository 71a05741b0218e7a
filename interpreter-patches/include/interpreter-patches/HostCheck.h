//===- HostCheck.h - Is this a host that we know? ---------------*- C++ -*-===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// The second question to a host, after the gate (HostGate.h) has found the
/// right release of LLVM in it: can its interpreter be hooked? Until
/// unsupportedHost() has said so, a plugin should register nothing: no static
/// `FrontendPluginRegistry::Add`, no static `llvm::cl::opt`. Make them after
/// the question, in the plugin's constructor.
///
//===----------------------------------------------------------------------===//

#ifndef INTERPRETER_PATCHES_HOSTCHECK_H
#define INTERPRETER_PATCHES_HOSTCHECK_H

#include <optional>
#include <string>

namespace interp_patches {

/// Whether something in this process imports `clang::Interpreter::create` from
/// the very libclang-cpp that this library is bound to. Other copies of LLVM in
/// the process (a graphics driver's, say) then do no harm.
///
/// Calls nothing of clang and changes nothing. Ask before install(): a slot
/// that is redirected is no longer counted.
///
/// Thread: as for redirectImports. Cannot fail.
///
/// \returns nothing for a good host, else why it is none, in one line without a
/// line break that names both sides, to be printed after the plugin's name.
std::optional<std::string> unsupportedHost();

} // namespace interp_patches

#endif // INTERPRETER_PATCHES_HOSTCHECK_H
