//===- UnstableTypes.h - Types that emissions number ------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// TBAA knows a type by its mangled name. A class without a name has none that
/// holds: clang numbers such classes ($_0, $_1, ...) in the order in which one
/// emission needs them. A batch links several emissions, so the same number may
/// be two classes there, and two numbers one: accesses to the same memory would
/// be said not to meet.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_UNSTABLETYPES_H
#define REOPT_CLANG_UNSTABLETYPES_H

#include "llvm/ADT/StringRef.h"

namespace llvm {
class Module;
} // namespace llvm

namespace reopt {

/// Whether \p Name, mangled, has the number of such a class inside.
bool isNumberedAnew(llvm::StringRef Name);

/// Takes the type from each access of \p M that names such a class, or a class
/// that has one inside. An access without a type may meet any other. The thread
/// that owns M's context calls it.
void dropUnstableTypes(llvm::Module &M);

} // namespace reopt

#endif // REOPT_CLANG_UNSTABLETYPES_H
