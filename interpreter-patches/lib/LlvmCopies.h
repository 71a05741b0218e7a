//===- LlvmCopies.h - The LLVM libraries of this process --------*- C++ -*-===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Which releases of LLVM are loaded, by the file names of their shared
/// libraries, and how that is told to a user. Needs nothing of LLVM: it is part
/// of the gate (HostGate.h).
///
//===----------------------------------------------------------------------===//

#ifndef INTERPRETER_PATCHES_LIB_LLVMCOPIES_H
#define INTERPRETER_PATCHES_LIB_LLVMCOPIES_H

#include <string>

namespace interp_patches {

struct LlvmCopies {
  /// Whether the libclang-cpp that we were built for is loaded.
  bool HasOurs = false;
  /// The names of the other releases' libclang-cpp, or if there is none, of
  /// their libLLVM; empty if only ours is loaded.
  std::string Others;

  /// What is loaded now.
  static LlvmCopies find();
};

/// "built for LLVM 22.1.8, but <program> "
std::string builtForButHost();

} // namespace interp_patches

#endif // INTERPRETER_PATCHES_LIB_LLVMCOPIES_H
