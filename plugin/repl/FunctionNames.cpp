//===-- FunctionNames.cpp -------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionNames.h"
#include "NameTokens.h"
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
  NameReader Mine(NameFromRoot);
  const size_t NameAt = Mine.add(Returned), ParametersAt = Mine.add(Qualified);
  Mine.add(Parameters);
  const NameTokens Name = Mine.take();

  auto IsSame = [](const NameToken &A, const NameToken &B) {
    return A.is(B.Text) || (A.is(NameFromAnyScope) && B.is(NameFromRoot));
  };
  NameMatch Best = NameMatch::None;
  if (Query.ends_with("...") && StringRef(Full).starts_with(Query.drop_back(3)))
    Best = NameMatch::Partial;
  for (bool ResolveAliases : {false, true}) {
    NameReader Asked(NameFromAnyScope);
    Asked.add(Query, ResolveAliases);
    const NameTokens Wanted = Asked.take();
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
