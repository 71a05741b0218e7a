//===-- NameTokens.cpp ----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NameTokens.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace reopt {

bool isNameWordChar(char C) {
  return isAlnum(C) || C == '_' || C == '$' || C & 0x80;
}

namespace {

/// What the standard library's name of a type stands for; empty if for itself.
StringRef getAliased(StringRef Name) {
  return StringSwitch<StringRef>(Name)
      .Cases({"size_t", "uint64_t", "uintptr_t", "uintmax_t"}, "unsigned long")
      .Cases({"int64_t", "intptr_t", "intmax_t", "ptrdiff_t"}, "long")
      .Cases({"ssize_t", "time_t", "off_t"}, "long")
      .Case("int32_t", "int")
      .Case("uint32_t", "unsigned int")
      .Case("int16_t", "short")
      .Case("uint16_t", "unsigned short")
      .Case("int8_t", "signed char")
      .Case("uint8_t", "unsigned char")
      .Case("FILE", "_IO_FILE")
      .Case("string", "basic_string<char>")
      .Case("wstring", "basic_string<wchar_t>")
      .Case("string_view", "basic_string_view<char>")
      .Default("");
}

/// How long the symbol is that follows the word operator; 0 in operator new and
/// operator int. Parameters or template arguments have to come behind it, so in
/// operator<<int>(C) it is one <.
size_t getSymbolSize(StringRef Rest) {
  if (Rest.starts_with("()") || Rest.starts_with("[]"))
    return 2;
  const size_t Longest = Rest.take_while([](char C) {
                               return StringRef("<>=!+-*/%^&|~,").contains(C);
                             })
                             .take_front(3)
                             .size();
  for (size_t Size = Longest; Size; --Size)
    if (StringRef Behind = Rest.substr(Size).ltrim();
        Behind.empty() || StringRef("(<[").contains(Behind[0]))
      return Size;
  return Longest;
}

/// The words and signs of \p Rest, and what of the one form needs no context:
/// literals, operators, ~S, (void), (anonymous namespace), aliases.
NameTokens split(StringRef Rest, bool ResolveAliases) {
  NameTokens Out;
  int Depth = 0;
  auto Last = [&](size_t Nth) -> StringRef {
    return Out.size() < Nth ? "" : StringRef(Out[Out.size() - Nth].Text);
  };
  while (!(Rest = Rest.ltrim()).empty()) {
    size_t Size = 1;
    if (isNameWordChar(Rest[0]))
      Size = Rest.take_while(isNameWordChar).size();
    else if (Rest.starts_with("::"))
      Size = 2;
    else if (Rest[0] == '\'' || Rest.starts_with("[abi:"))
      Size = std::min(Rest.find_first_of("]'", 1), Rest.size() - 1) + 1;
    StringRef Word = Rest.take_front(Size);
    NameToken T{Word.str()};
    Rest = Rest.substr(Size).ltrim();

    if (is_contained({"struct", "class", "union", "enum", "typename"}, Word))
      continue;
    if (isDigit(Word[0])) {
      T.Text = Word.rtrim("uUlL");
    } else if (Word == "operator") {
      Size = getSymbolSize(Rest);
      T.Text += Rest.take_front(Size);
      Rest = Rest.substr(Size);
    } else if (T.isWord() && Last(1) == "~") {
      T.Text.insert(0, "~");
      Out.pop_back();
    } else if (Word == ")" && Last(1) == "void" && Last(2) == "(") {
      Out.pop_back();
    } else if (Word == ")" && Last(1) == "namespace" && Last(3) == "(") {
      T.Text = "(anonymous namespace)";
      Out.resize(Out.size() - 3);
    }
    Depth += (Word == "(" || Word == "<") - (Word == ")" || Word == ">");
    const bool InStd = Last(1) == "::" && Last(2) == "std";
    const bool IsFunction = Depth == 0 && Rest.starts_with("(") &&
                            Last(InStd ? 3 : 1) != "operator";
    StringRef Aliased;
    if (ResolveAliases && (InStd || Last(1) != "::") && !IsFunction &&
        !Rest.starts_with("<"))
      Aliased = getAliased(T.Text);
    if (InStd && !Aliased.empty() && !Aliased.contains('<'))
      Out.resize(Out.size() - 2); // Arithmetic types are in no scope.
    if (Aliased.empty())
      Out.push_back(std::move(T));
    else
      append_range(Out, split(Aliased, /*ResolveAliases=*/false));
  }
  return Out;
}

/// Fills in NameToken::Close, and marks the end. A < or > without a partner is
/// an operator.
void pairBrackets(NameTokens &All) {
  SmallVector<size_t> Open;
  for (auto [I, T] : enumerate(All)) {
    if (is_contained({"(", "[", "{", "<"}, T.Text))
      Open.push_back(I);
    if (!is_contained({")", "]", "}", ">"}, T.Text))
      continue;
    while (!T.is(">") && !Open.empty() && All[Open.back()].is("<"))
      Open.pop_back();
    const char Partner = T.Text[0] - (T.is(")") ? 1 : 2); // In ASCII.
    if (!Open.empty() && All[Open.back()].Text[0] == Partner)
      All[Open.pop_back_val()].Close = I;
  }
  All.push_back({});
}

} // namespace

bool NameToken::isArithmetic() const {
  return is_contained({"unsigned", "signed", "short", "long", "int", "char",
                       "double", "__int128"},
                      Text);
}

bool NameToken::isWord() const {
  return (isNameWordChar(Text[0]) && !isDigit(Text[0])) || Text[0] == '\'' ||
         (Text.size() > 1 && StringRef("~(").contains(Text[0]));
}

size_t skipNameAnnex(const NameTokens &All, size_t At) {
  if (StringRef(All[At].Text).starts_with("[abi:"))
    return At + 1;
  if (!All[At].Close || !(All[At].is("<") || All[At].is("(")))
    return 0;
  size_t I = All[At].Close + 1;
  if (All[At].is("<"))
    return I;
  while (All[I].isCv() || All[I].is("&"))
    ++I;
  return All[I].is("::") ? I : 0;
}

size_t NameReader::add(StringRef Text, bool ResolveAliases) {
  In = split(Text, ResolveAliases);
  pairBrackets(In);
  for (At = 0; At + 1 < In.size();)
    next();
  return Out.size();
}

NameTokens NameReader::take() {
  pairBrackets(Out);
  return std::move(Out);
}

bool NameReader::isName() const { return In[At + In[At].is("::")].isWord(); }

void NameReader::next() { isName() ? specifiers() : copy(); }

/// One token, or a bracket with all that is in it.
void NameReader::copy() {
  const size_t Close = In[At].Close;
  Out.push_back({In[At++].Text});
  while (At < Close)
    next();
  if (Close)
    Out.push_back({In[At++].Text});
}

/// const, volatile, and one name or the words of an arithmetic type.
void NameReader::specifiers() {
  SmallVector<StringRef, 4> Words, Cvs;
  for (; In[At].isCv() || In[At].isArithmetic(); ++At)
    (In[At].isCv() ? Cvs : Words).push_back(In[At].Text);
  if (Words.empty() && isName()) {
    name();
    if (Out.back().is("operator")) // Its type comes next.
      return;
    for (; In[At].isCv(); ++At)
      Cvs.push_back(In[At].Text);
  }
  const bool IsArithmetic = !Words.empty();
  if (!is_contained(Words, "char"))
    erase(Words, "signed");
  if (Words.size() > 1)
    erase(Words, "int");
  if (Words.empty() && IsArithmetic)
    Words.push_back("int");
  llvm::sort(Words);
  llvm::sort(Cvs);
  for (StringRef Word : concat<StringRef>(Words, Cvs))
    Out.push_back({Word.str()});
}

void NameReader::name() {
  const bool IsGlobal = In[At].is("::");
  Out.push_back({(IsGlobal ? NameFromRoot : NameStart).str()});
  At += IsGlobal;
  while (true) {
    copy();
    while (size_t Behind = skipNameAnnex(In, At))
      while (At < Behind)
        copy();
    if (!In[At].is("::") || !isName())
      return;
    copy();
  }
}

} // namespace reopt
