//===- Options.h ------------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Every tunable, from one list (Options.def): name, default, unit, range and
/// text. The parser, the help and the documents come from that list.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_OPTIONS_H
#define REOPT_OPTIONS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>

namespace reopt {

/// Values of all tunables. A plain value: copy it, no thread owns it.
struct Options {
#define REOPT_OPTION(Field, Name, Default, Min, Max, Unit, Text)               \
  int64_t Field = Default;
#include "reopt/Options.def"

  /// Sets one option from "name=value"; "name" alone means 1, and the words
  /// on, off, true and false mean 1 and 0. The error's text names what is
  /// valid, in one line, and nothing is changed.
  llvm::Error set(llvm::StringRef Assignment);

  /// Sets options from a list separated by commas or spaces, as the environment
  /// variable REOPT_OPTIONS holds it. Stops at the first error.
  llvm::Error setAll(llvm::StringRef List);
};

/// All names, sorted as in the list, separated by ", ".
std::string getOptionNames();

/// An aligned table of all options with default, unit and text: what \p Say has
/// for an option's name, if it is given and that is not empty.
std::string getOptionHelp(
    llvm::function_ref<llvm::StringRef(llvm::StringRef Name)> Say = nullptr);

} // namespace reopt

#endif // REOPT_OPTIONS_H
