//===- StatementFunctions.h - What runs statements --------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Which statements at the prompt a function of an input's module runs. Clang
/// does not say: it is found by their lengths. Knows LLVM only.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_STATEMENTFUNCTIONS_H
#define REOPT_CLANG_STATEMENTFUNCTIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class Module;
} // namespace llvm

namespace reopt {

/// A function that runs statements of an input. clang begins another one after
/// each statement that has an initialiser behind it, be it that of a variable
/// which the statement made it instantiate.
struct StatementFunction {
  std::string Name;
  size_t Length; ///< getFrameLength()
};

/// Those of \p M, as clang made it, in the order in which they run.
std::vector<StatementFunction> getStatementFunctions(const llvm::Module &M);

/// Which statements \p Name runs, one of \p All, with a suffix or not: from the
/// first up to the second, in their order. \p Lengths: of functions that run
/// one of the statements each. Nothing if they do not add up.
std::optional<std::pair<size_t, size_t>>
findStatementsOf(llvm::StringRef Name, llvm::ArrayRef<StatementFunction> All,
                 llvm::ArrayRef<size_t> Lengths);

} // namespace reopt

#endif // REOPT_CLANG_STATEMENTFUNCTIONS_H
