//===-- FunctionNames.h --------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Functions by the names that users write: f, ns::C::m, f(int, double),
/// vector<int>::push_back.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_REPL_FUNCTIONNAMES_H
#define REOPT_REPL_FUNCTIONNAMES_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace reopt {

/// What a linker name says, taken apart.
struct FunctionName {
  std::string Full;       ///< As a person reads it, with parameters.
  std::string Qualified;  ///< ns::C<int>::m
  std::string Parameters; ///< (int, double), with const and the like; empty in C

  static FunctionName parse(llvm::StringRef LinkerName);

  /// Whether \p Query names this function. Without parameters it may be any
  /// overload; without a qualifier any scope; template arguments may be left
  /// out; spaces do not count.
  bool matches(llvm::StringRef Query) const;
};

/// \p Name without its template argument lists.
std::string withoutTemplateArguments(llvm::StringRef Name);

} // namespace reopt

#endif // REOPT_REPL_FUNCTIONNAMES_H
