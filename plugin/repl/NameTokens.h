//===- NameTokens.h ---------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Names of functions and types as tokens, in one form for all the ways in
/// which they can be written.
///
/// The one form:
///  - Spaces do not count. const and volatile stand behind what they qualify;
///    struct, class, union, enum and typename are dropped.
///  - An arithmetic type has as few words as it needs, in one order; a number
///    has no suffix; (void) is ().
///  - Each qualified name begins with a token that says where it is looked up:
///    NameFromRoot, or what the reader of the text was told.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_REPL_NAMETOKENS_H
#define REOPT_REPL_NAMETOKENS_H

#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace reopt {

/// A word, a number, a sign; or what counts as one: operator+, ~S,
/// (anonymous namespace), 'lambda'.
struct NameToken {
  std::string Text;
  size_t Close = 0; ///< Where this bracket is closed; 0 for all else.

  bool is(llvm::StringRef Other) const { return Text == Other; }
  bool isCv() const { return is("const") || is("volatile"); }
  bool isArithmetic() const;
  bool isWord() const;
};
using NameTokens = std::vector<NameToken>;

/// Whether \p C is part of words.
bool isNameWordChar(char C);

/// In front of a qualified name that begins at the global namespace: each in a
/// function's name, and one that has :: in front.
constexpr llvm::StringRef NameFromRoot = "<root>";
/// In front of a qualified name that may begin anywhere.
constexpr llvm::StringRef NameFromAnyScope = "<any>";

/// Brings texts to the one form, from left to right.
class NameReader {
public:
  /// \p NameStart goes in front of names without :: in front.
  explicit NameReader(llvm::StringRef NameStart) : NameStart(NameStart) {}

  /// Appends \p Text to what there is. Returns where the next text will begin.
  /// With \p ResolveAliases, names of <cstdint>, <cstddef> and <string> become
  /// the types that they name (on 64-bit Linux), with or without std::.
  size_t add(llvm::StringRef Text, bool ResolveAliases = false);

  /// What was added, with its brackets paired, and an empty token at the end.
  NameTokens take();

private:
  bool isName() const;
  void next();
  void copy();
  void specifiers();
  void name();

  llvm::StringRef NameStart;
  NameTokens In, Out;
  size_t At = 0;
};

/// Where a name goes on behind the template arguments or the ABI tag at \p At,
/// or behind the parameters there if their function is a scope, as in
/// f(int) const::Local. 0 if \p At is at something else.
size_t skipNameAnnex(const NameTokens &All, size_t At);

} // namespace reopt

#endif // REOPT_REPL_NAMETOKENS_H
