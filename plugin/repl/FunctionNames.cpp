//===-- FunctionNames.cpp -------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionNames.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Demangle/Demangle.h"
#include <cstdlib>
#include <cxxabi.h>

using namespace llvm;

namespace reopt {

namespace {

/// Compares a query with a function's name; both in the one form.
struct Matcher {
  const NameTokens &Query, &Name;
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
    return Name[N].is("::") || Name[N].is(NameFromRoot);
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
    const bool MayBegin = Query[Q].is(NameFromAnyScope) && isScope(N);
    if ((Query[Q].is(Name[N].Text) || MayBegin) && matches(Q + 1, N + 1))
      return true;
    if (Query[Q].isCv() && is_contained({")", ","}, Query[Q + 1].Text) &&
        matches(Q + 1, N)) // A parameter is not const itself.
      return true;
    size_t Behind = skipNameAnnex(Name, N);
    if (Name[N + 1].isWord() &&
        (MayBegin || (Query[Q].is("::") && mayLeaveOut(N)))) {
      Behind = N + 2;
      while (size_t Next = skipNameAnnex(Name, Behind))
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

/// Whether \p Asked, of a query, is all that it can be of \p Named.
bool isSame(const NameToken &Asked, const NameToken &Named) {
  return Asked.is(Named.Text) ||
         (Asked.is(NameFromAnyScope) && Named.is(NameFromRoot));
}

/// The longest word in front of the parameters that is written alike in all
/// ways to write a name. To look for it costs a hundredth of reading the name.
std::string getKey(const NameTokens &Query) {
  StringRef Key;
  for (const NameToken &T : Query) {
    if (T.is("("))
      break;
    StringRef Word = StringRef(T.Text).ltrim('~').take_while(isNameWordChar);
    if (T.isWord() && !T.isCv() && !T.isArithmetic() &&
        Word.size() > Key.size())
      Key = Word;
  }
  return Key.str();
}

bool hasWord(StringRef Text, StringRef Word) {
  for (size_t At = 0; (At = Text.find(Word, At)) != StringRef::npos; ++At) {
    StringRef Before = Text.take_front(At),
              Behind = Text.substr(At).substr(Word.size());
    if ((Before.empty() || !isNameWordChar(Before.back())) &&
        (Behind.empty() || !isNameWordChar(Behind.front())))
      return true;
  }
  return false;
}

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
  ItaniumPartialDemangler Parts;
  size_t Size = 0;
  // Without _Z it takes C's names for types.
  const bool IsItanium =
      LinkerName.starts_with("_Z") && !Parts.partialDemangle(Name.c_str());
  Result.Full = Result.Qualified =
      IsItanium ? takeText(Parts.finishDemangle(nullptr, &Size))
                : demangle(Name);
  if (IsItanium && Parts.isFunction()) {
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

NameQuery::NameQuery(StringRef Query) : Text(Query.trim()) {
  for (bool ResolveAliases : {false, true}) {
    NameReader Reader(NameFromAnyScope);
    Reader.add(Text, ResolveAliases);
    Reading R{Reader.take(), ""};
    if (Readings.empty() ||
        !llvm::equal(R.Tokens, Readings[0].Tokens, isSame)) {
      R.Key = getKey(R.Tokens);
      Readings.push_back(std::move(R));
    }
  }
}

NameMatch NameQuery::compare(const FunctionName &F) const {
  if (Text == F.Full)
    return NameMatch::Exact;
  NameMatch Best = NameMatch::None;
  if (StringRef Cut = Text;
      Cut.consume_back("...") && StringRef(F.Full).starts_with(Cut))
    Best = NameMatch::Partial;
  auto MayMatch = [&](const Reading &R) {
    return R.Key.empty() || hasWord(F.Full, R.Key) ||
           hasWord(F.Qualified, R.Key);
  };
  if (none_of(Readings, MayMatch))
    return Best;

  StringRef Returned = F.Full;
  if (!Returned.consume_back(F.Qualified + F.Parameters))
    Returned = "";
  NameReader Reader(NameFromRoot);
  const size_t NameAt = Reader.add(Returned);
  const size_t ParametersAt = Reader.add(F.Qualified);
  Reader.add(F.Parameters);
  const NameTokens Name = Reader.take();

  for (const Reading &R : Readings) {
    for (size_t Start : {size_t(0), NameAt})
      if (std::equal(R.Tokens.begin(), R.Tokens.end(), Name.begin() + Start,
                     Name.end(), isSame))
        return NameMatch::Exact;
    for (NameMatch M : {NameMatch::Loose, NameMatch::Partial})
      if (Best < M &&
          Matcher{R.Tokens, Name, ParametersAt, M == NameMatch::Loose}.run())
        Best = M;
  }
  return Best;
}

} // namespace reopt
