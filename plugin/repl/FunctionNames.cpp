//===-- FunctionNames.cpp --------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionNames.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Demangle/Demangle.h"
#include <cstdlib>
#include <cxxabi.h>
#include <vector>

using namespace llvm;

namespace reopt {

namespace {

bool isWordChar(char C) {
  return isAlnum(C) || C == '_' || C == '$' || C & 0x80;
}

struct Token {
  std::string Text;
  size_t Close = 0; ///< Where this bracket is closed; 0 for all else.

  bool is(StringRef Other) const { return Text == Other; }
  bool isCv() const { return is("const") || is("volatile"); }
  bool isArithmetic() const {
    return is_contained({"unsigned", "signed", "short", "long", "int", "char",
                         "double", "__int128"},
                        Text);
  }
  bool isWord() const {
    return (isWordChar(Text[0]) && !isDigit(Text[0])) || Text[0] == '\'' ||
           (Text.size() > 1 && StringRef("~(").contains(Text[0]));
  }
};
using Tokens = std::vector<Token>; ///< The last one is empty once paired.

/// In the one form each qualified name begins with one of these: those in a
/// function's name and those that a query has :: in front of with the first.
constexpr StringRef FromRoot = "<root>", FromAnyScope = "<any>";

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
Tokens split(StringRef Rest, bool ResolveAliases) {
  Tokens Out;
  int Depth = 0;
  auto Last = [&](size_t Nth) -> StringRef {
    return Out.size() < Nth ? "" : StringRef(Out[Out.size() - Nth].Text);
  };
  while (!(Rest = Rest.ltrim()).empty()) {
    size_t Size = 1;
    if (isWordChar(Rest[0]))
      Size = Rest.take_while(isWordChar).size();
    else if (Rest.starts_with("::"))
      Size = 2;
    else if (Rest[0] == '\'' || Rest.starts_with("[abi:"))
      Size = std::min(Rest.find_first_of("]'", 1), Rest.size() - 1) + 1;
    StringRef Word = Rest.take_front(Size);
    Token T{Word.str()};
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

/// Fills in Token::Close, and marks the end. A < or > without a partner is an
/// operator.
void pairBrackets(Tokens &All) {
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

/// Where a name goes on behind the template arguments or the ABI tag at \p At,
/// or behind the parameters there if their function is a scope, as in
/// f(int) const::Local. 0 if \p At is at something else.
size_t skipAnnex(const Tokens &All, size_t At) {
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

/// Brings texts to the one form, from left to right.
struct Canonicalizer {
  StringRef NameStart;
  Tokens In = {}, Out = {};
  size_t At = 0;

  /// Appends \p Text to what there is. Returns where the next text will begin.
  size_t add(StringRef Text, bool ResolveAliases = false) {
    In = split(Text, ResolveAliases);
    pairBrackets(In);
    for (At = 0; At + 1 < In.size();)
      next();
    return Out.size();
  }

  Tokens take() {
    pairBrackets(Out);
    return std::move(Out);
  }

  bool isName() const { return In[At + In[At].is("::")].isWord(); }

  void next() { isName() ? specifiers() : copy(); }

  /// One token, or a bracket with all that is in it.
  void copy() {
    const size_t Close = In[At].Close;
    Out.push_back({In[At++].Text});
    while (At < Close)
      next();
    if (Close)
      Out.push_back({In[At++].Text});
  }

  /// const, volatile, and one name or the words of an arithmetic type.
  void specifiers() {
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

  void name() {
    const bool IsGlobal = In[At].is("::");
    Out.push_back({(IsGlobal ? FromRoot : NameStart).str()});
    At += IsGlobal;
    while (true) {
      copy();
      while (size_t Behind = skipAnnex(In, At))
        while (At < Behind)
          copy();
      if (!In[At].is("::") || !isName())
        return;
      copy();
    }
  }
};

/// Compares a query with a function's name; both in the one form.
struct Matcher {
  const Tokens &Query, &Name;
  const size_t Parameters; ///< Where the parameter list begins in Name.
  const bool IsLoose;      ///< Scopes in between may be left out.
  std::vector<bool> Tried = std::vector<bool>(Query.size() * Name.size());

  /// The query may begin at any component that is in no brackets.
  bool run() {
    for (size_t N = 0; N < Parameters; N = std::max(Name[N].Close, N) + 1)
      if ((N == 0 || (isScope(N) && !Name[N - 1].is("operator"))) &&
          matches(0, N))
        return true;
    return false;
  }

  bool isScope(size_t N) const {
    return Name[N].is("::") || Name[N].is(FromRoot);
  }

  /// Whether the scope behind the :: at \p N may be left out. The standard
  /// library's versions, such as __cxx11, are never meant to be written.
  bool mayLeaveOut(size_t N) const {
    return Name[N].is("::") &&
           (IsLoose || Name[N + 1].is("(anonymous namespace)") ||
            StringRef(Name[N + 1].Text).starts_with("__"));
  }

  /// Whether the query from \p Q on matches the name from \p N on. What failed
  /// once is not tried again.
  bool matches(size_t Q, size_t N) {
    auto WasTried = Tried[Q * Name.size() + N];
    if (WasTried)
      return false;
    WasTried = true;
    const bool QueryEnds = Q + 1 == Query.size();
    if (N + 1 == Name.size()) // A C name has no parameters.
      return QueryEnds || (N == Parameters && Query[Q].is("("));
    if (QueryEnds &&
        (N == Parameters || (N > Parameters && N > Name[Parameters].Close)))
      return true;
    const bool MayBegin = Query[Q].is(FromAnyScope) && isScope(N);
    if ((Query[Q].is(Name[N].Text) || MayBegin) && matches(Q + 1, N + 1))
      return true;
    if (Query[Q].isCv() && is_contained({")", ","}, Query[Q + 1].Text) &&
        matches(Q + 1, N)) // A parameter is not const itself.
      return true;
    size_t Behind = skipAnnex(Name, N);
    if (Name[N + 1].isWord() &&
        (MayBegin || (Query[Q].is("::") && mayLeaveOut(N)))) {
      Behind = N + 2;
      while (size_t Next = skipAnnex(Name, Behind))
        Behind = Next;
      if (!Name[Behind].is("::"))
        return false;
    } else if (Query[Q].is(">") && Name[N].is(",")) { // The last arguments.
      for (Behind = N; !is_contained({">", ")", ""}, Name[Behind].Text);)
        Behind = std::max(Name[Behind].Close, Behind) + 1;
    }
    return Behind && matches(Q, Behind);
  }
};

/// Takes over what a demangler has allocated.
std::string takeText(char *Text) {
  std::string Result = Text ? Text : "";
  std::free(Text);
  return Result;
}

} // namespace

FunctionName FunctionName::parse(StringRef LinkerName) {
  const std::string Name = LinkerName.str();
  FunctionName Result;
  Result.Full = Result.Qualified = demangle(Name);
  ItaniumPartialDemangler Parts;
  size_t Size = 0;
  if (!Parts.partialDemangle(Name.c_str()) && Parts.isFunction()) {
    Result.Qualified = takeText(Parts.getFunctionName(nullptr, &Size));
    Result.Parameters = takeText(Parts.getFunctionParameters(nullptr, &Size));
    // What follows them in Full, such as const, goes with them.
    const std::string Signature = Result.Qualified + Result.Parameters;
    if (size_t At = Result.Full.find(Signature);
        At != std::string::npos && Result.Full[At + Signature.size()] != ')')
      Result.Parameters += Result.Full.substr(At + Signature.size());
  } else if (Result.Full == Name && LinkerName.starts_with("_Z")) {
    // LLVM's demangler gives up on conversions to class templates.
    std::string Text =
        takeText(abi::__cxa_demangle(Name.c_str(), nullptr, &Size, nullptr));
    if (const size_t At = Text.rfind('('); At != std::string::npos)
      Result = {Text, Text.substr(0, At), Text.substr(At)};
  }
  return Result;
}

NameMatch FunctionName::compare(StringRef Query) const {
  Query = Query.trim();
  if (Query == Full)
    return NameMatch::Exact;
  StringRef Returned = Full;
  if (!Returned.consume_back(Qualified + Parameters))
    Returned = "";
  Canonicalizer Mine{FromRoot};
  const size_t NameAt = Mine.add(Returned), ParametersAt = Mine.add(Qualified);
  Mine.add(Parameters);
  const Tokens Name = Mine.take();

  auto IsSame = [](const Token &A, const Token &B) {
    return A.is(B.Text) || (A.is(FromAnyScope) && B.is(FromRoot));
  };
  NameMatch Best = NameMatch::None;
  if (Query.ends_with("...") && StringRef(Full).starts_with(Query.drop_back(3)))
    Best = NameMatch::Partial;
  for (bool ResolveAliases : {false, true}) {
    Canonicalizer Asked{FromAnyScope};
    Asked.add(Query, ResolveAliases);
    const Tokens Wanted = Asked.take();
    for (size_t Start : {size_t(0), NameAt})
      if (std::equal(Wanted.begin(), Wanted.end(), Name.begin() + Start,
                     Name.end(), IsSame))
        return NameMatch::Exact;
    for (NameMatch M : {NameMatch::Loose, NameMatch::Partial})
      if (Best < M &&
          Matcher{Wanted, Name, ParametersAt, M == NameMatch::Loose}.run())
        Best = M;
  }
  return Best;
}

} // namespace reopt
