//===- FunctionNames.h ------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Functions by the names that users write: f, ns::C::m, f(const char *, int),
/// vector<int>::push_back, ::f. The name of a function and the query are both
/// brought to the one form of NameTokens.h, and then compared.
///
/// Names of <cstdint>, <cstddef> and <string> in the query stand for the types
/// that they name. The query is tried as it is, too: a class of the user's may
/// be called string.
///
/// What a query may leave out, wherever it occurs:
///  - scopes in front (f for a::f, vector for std::vector), unless it has :: in
///    front; scopes in between (a::f for a::v1::f), which is looser;
///  - template arguments, all of them or the last ones (vector<int> for
///    vector<int, std::allocator<int>>);
///  - the parameter list, the const or & behind it, and the return type that
///    the name of a template has;
///  - ABI tags.
///
/// It may have a const too many, on a parameter itself, and parameters where
/// the name has none, as in C. A query that ends in ... is a name that a
/// listing has cut.
///
/// Not understood: names and default values of parameters, return types that
/// the name does not have, parameters written as arrays, the user's own
/// typedefs and using-declarations.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_REPL_FUNCTIONNAMES_H
#define REOPT_REPL_FUNCTIONNAMES_H

#include "NameTokens.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace reopt {

/// How well a query names a function. Of several functions, those are meant
/// that it names best.
enum class NameMatch {
  None,
  Loose,   ///< It leaves out scopes in between, and maybe more.
  Partial, ///< It leaves out something else.
  Exact,   ///< It is the whole name, in whichever way it is written.
};

/// What a linker name says, taken apart.
struct FunctionName {
  std::string Full;       ///< As a person reads it, with parameters.
  std::string Qualified;  ///< ns::C<int>::m
  std::string Parameters; ///< (int, double) const; empty in C

  static FunctionName parse(llvm::StringRef LinkerName);
};

/// A name that a user wrote, read once and compared with many.
class NameQuery {
public:
  explicit NameQuery(llvm::StringRef Text);

  /// How well this names \p F, by the rules above. F.Full itself is always an
  /// exact match.
  NameMatch compare(const FunctionName &F) const;

  bool matches(const FunctionName &F) const {
    return compare(F) != NameMatch::None;
  }

private:
  struct Reading {
    NameTokens Tokens;
    /// A word that is in each name that matches; empty if none has to be.
    std::string Key;
  };

  std::string Text;
  /// As it is written; and with aliases resolved, if it has any.
  std::vector<Reading> Readings;
};

} // namespace reopt

#endif // REOPT_REPL_FUNCTIONNAMES_H
