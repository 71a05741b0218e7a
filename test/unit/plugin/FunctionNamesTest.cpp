//===- FunctionNamesTest.cpp - Tests of reopt::NameQuery -----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which functions a name means that a user writes.
//
//===----------------------------------------------------------------------===//

#include "FunctionNames.h"

#include "gtest/gtest.h"

#include <initializer_list>
#include <ostream>

using namespace reopt;

namespace reopt {

void PrintTo(NameMatch M, std::ostream *OS) {
  const char *Texts[] = {"None", "Loose", "Partial", "Exact"};
  *OS << Texts[int(M)];
}

} // namespace reopt

namespace {

/// Queries that all name \p LinkerName equally well.
void expect(NameMatch Expected, const char *LinkerName,
            std::initializer_list<const char *> Queries) {
  const FunctionName F = FunctionName::parse(LinkerName);
  for (const char *Query : Queries)
    EXPECT_EQ(NameQuery(Query).compare(F), Expected)
        << Query << " | " << F.Full;
}

constexpr NameMatch None = NameMatch::None, Loose = NameMatch::Loose,
                    Partial = NameMatch::Partial, Exact = NameMatch::Exact;

//===----------------------------------------------------------------------===//
// Linker names
//===----------------------------------------------------------------------===//

struct Parsed {
  const char *LinkerName, *Full, *Qualified, *Parameters;
};

class FunctionNameTest : public testing::TestWithParam<Parsed> {};

TEST_P(FunctionNameTest, IsTakenApart) {
  FunctionName F = FunctionName::parse(GetParam().LinkerName);
  EXPECT_EQ(F.Full, GetParam().Full);
  EXPECT_EQ(F.Qualified, GetParam().Qualified);
  EXPECT_EQ(F.Parameters, GetParam().Parameters);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, FunctionNameTest,
    testing::Values(
        Parsed{"main", "main", "main", ""},
        // Types, to a demangler.
        Parsed{"f", "f", "f", ""}, Parsed{"i", "i", "i", ""},
        Parsed{"_Z1fv", "f()", "f", "()"},
        Parsed{"_ZN1a1fEid", "a::f(int, double)", "a::f", "(int, double)"},
        Parsed{"_ZNK1C1mEi", "C::m(int) const", "C::m", "(int) const"},
        Parsed{"_ZNKR1C1mEv", "C::m() const &", "C::m", "() const &"},
        Parsed{"_ZN1CC1Ev", "C::C()", "C::C", "()"},
        Parsed{"_ZN1CcviEv", "C::operator int()", "C::operator int", "()"},
        Parsed{"_ZN1TIiE3twoIdEET_S2_", "double T<int>::two<double>(double)",
               "T<int>::two<double>", "(double)"},
        Parsed{"_Z4callPvPFiiE", "call(void*, int (*)(int))", "call",
               "(void*, int (*)(int))"},
        // LLVM gives up on this one.
        Parsed{"_ZN1CcvSt6vectorIiSaIiEEEv",
               "C::operator std::vector<int, std::allocator<int> >()",
               "C::operator std::vector<int, std::allocator<int> >", "()"},
        Parsed{"_ZNK1Ccv1AIiEEv", "C::operator A<int>() const",
               "C::operator A<int>", "() const"},
        Parsed{"_Znot_mangled", "_Znot_mangled", "_Znot_mangled", ""}));

//===----------------------------------------------------------------------===//
// Ways to write the whole name
//===----------------------------------------------------------------------===//

TEST(NameQueryTest, TheWholeNameIsExactHoweverItIsWritten) {
  expect(Exact, "_Z4textPKc",
         {"text(char const*)", "text(const char *)", "::text(const char*)",
          " text ( const char * ) "});
  expect(Exact, "_Z4wordj", {"word(unsigned)", "word(unsigned int)"});
  expect(Exact, "_Z4nonev", {"none()", "none(void)", "::none()"});
  expect(Exact, "_Z4callPvPFiiE", {"call(void *, int(*)(int))"});
  expect(Exact, "_Z1fm", {"f(size_t)", "f(std::size_t)", "f(unsigned long)"});
  expect(Exact, "_Z1f1S", {"f(S)", "f(struct S)"});
  expect(
      Exact, "_ZN1TIiE3twoIdEET_S2_",
      {"double T<int>::two<double>( double )", "T<int>::two<double>(double)"});
  expect(Exact, "main", {"main", "::main"});
}

TEST(NameQueryTest, ListingsCutNames) {
  expect(Partial, "_ZN1a1fEid", {"a::f(int, d...", "a::..."});
  expect(None, "_ZN1a1fEid", {"f(int, d...", "a::f(int, x..."});
}

//===----------------------------------------------------------------------===//
// What may be left out
//===----------------------------------------------------------------------===//

TEST(NameQueryTest, ScopesInFront) {
  expect(Partial, "_ZN1a1b1fEi",
         {"f", "b::f", "a::b::f", "b::f(int)", "f(int)"});
  expect(None, "_ZN1a1b1fEi",
         {"::f", "::b::f", "a", "b", "a::b", "c::f", "ff"});
  expect(Partial, "_ZN1a1b1fEi", {"::a::b::f"});
}

TEST(NameQueryTest, ScopesInBetweenWhichIsLooser) {
  expect(Loose, "_ZN1a1b1fEi", {"a::f", "a::f(int)", "::a::f"});
  expect(Partial, "_ZN1a12_GLOBAL__N_11fEv", {"a::f", "f"});
  expect(Partial, "_ZNSt3__11fEv", {"std::f"});
}

TEST(NameQueryTest, ScopesOfParameters) {
  expect(Partial, "_Z1fN1a1SE", {"f(S)"});
  expect(None, "_Z1fN1a1SE", {"f(::S)", "f(b::S)"});
}

TEST(NameQueryTest, TemplateArguments) {
  const char *PushBack = "_ZNSt6vectorIiSaIiEE9push_backERKi";
  expect(Partial, PushBack,
         {"push_back", "vector::push_back", "vector<int>::push_back",
          "std::vector<int>::push_back(int const&)",
          "std::vector<int, std::allocator<int>>::push_back"});
  expect(None, PushBack,
         {"vector<char>::push_back", "vector<int, int>::push_back",
          "list<int>::push_back", "vector<int>", "std::vector"});
  expect(None, "_ZN1TIFicEE1fEv", {"T<int>::f"});
  expect(Partial, "_ZN1TIFicEE1fEv", {"T<int(char)>::f", "T::f"});
  expect(Partial, "_ZN1TIiE3twoIdEET_S2_",
         {"two", "two<double>", "T::two", "T<int>::two", "T::two<double>"});
  expect(None, "_ZN1TIiE3twoIdEET_S2_", {"two<int>", "T<double>::two"});
}

TEST(NameQueryTest, TheParameterListButNotHalfOfIt) {
  expect(Partial, "_ZN1a1fEid", {"a::f"});
  expect(None, "_ZN1a1fEid",
         {"a::f(int", "a::f(int)", "a::f(double, int)", "a::f()",
          "a::f(int, double, int)"});
}

TEST(NameQueryTest, WhatStandsBehindTheParameters) {
  expect(Partial, "_ZNK1C1mEi", {"C::m(int)", "C::m"});
  expect(Exact, "_ZNK1C1mEi", {"C::m(int) const"});
  expect(None, "_ZN1C1mEi", {"C::m(int) const"});
}

TEST(NameQueryTest, AbiTags) {
  expect(Partial, "_Z1gB5cxx11v", {"g", "g()"});
  expect(Exact, "_Z1gB5cxx11v", {"g[abi:cxx11]()"});
}

TEST(NameQueryTest, TheStandardLibrarysStringIsAString) {
  const char *Words =
      "_Z5wordsRKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";
  expect(Partial, Words,
         {"words(const std::string &)", "words(std::string const&)",
          "words(const string &)", "words"});
  expect(None, Words,
         {"words(std::string)", "words(std::string &)",
          "words(const std::wstring &)"});
  expect(Exact, "_Z5wordsRK6string", {"words(const string &)"});
}

//===----------------------------------------------------------------------===//
// What may be there too much
//===----------------------------------------------------------------------===//

TEST(NameQueryTest, AConstOfAParameterItself) {
  expect(Partial, "_Z1fiPi",
         {"f(const int, int *const)", "f(int const, int *)"});
  expect(None, "_Z1fiPi", {"f(int, const int *)"});
}

TEST(NameQueryTest, ParametersOfACFunction) {
  expect(Partial, "main",
         {"main()", "main(int, char **)", "main(Arguments &)"});
  expect(None, "main", {"main::f", "mai", "int main"});
}

//===----------------------------------------------------------------------===//
// Unusual functions
//===----------------------------------------------------------------------===//

TEST(NameQueryTest, Operators) {
  expect(Exact, "_ZlsR1CS0_", {"operator<<(C&, C&)", "operator << (C &, C &)"});
  expect(Partial, "_ZlsR1CS0_", {"operator<<"});
  expect(None, "_ZlsR1CS0_", {"operator<", "operator", "<<"});
  expect(Partial, "_ZN1CclEi", {"operator()", "C::operator()"});
  expect(Partial, "_ZN1CcviEv", {"operator int", "C::operator int"});
  expect(None, "_ZN1CcviEv", {"operator long", "int"});
  expect(None, "_ZNK1Ccv1SEv", {"S", "S()"});
  expect(Exact, "_ZNK1CcvPKcEv", {"C::operator const char *() const"});
  expect(Exact, "_Znwm", {"operator new(size_t)"});
}

TEST(NameQueryTest, ConstructorsAndDestructors) {
  expect(Exact, "_ZN1CC1Ev", {"C::C()"});
  expect(Exact, "_ZN1CC2Ev", {"C::C()"});
  expect(Partial, "_ZN1CC1Ev", {"C::C", "C"});
  expect(Exact, "_ZN1CD0Ev", {"C::~C()", "C::~ C()"});
  expect(Partial, "_ZN1CD0Ev", {"~C", "C::~C"});
  expect(None, "_ZN1CD0Ev", {"C", "C::C"});
}

TEST(NameQueryTest, WhatIsInsideAFunction) {
  const char *Lambda = "_ZZ1fiENKUlvE_clEv";
  expect(Exact, Lambda, {"f(int)::'lambda'()::operator()() const"});
  expect(Partial, Lambda, {"f::'lambda'::operator()", "operator()"});
  expect(None, Lambda, {"f", "f(int)"});
  expect(Partial, "_ZZ1fiEN1L1mEv", {"L::m", "f(int)::L::m", "f::L::m"});
  expect(Partial, "_ZZNK1C1mEiEN1L1gEv",
         {"C::m::L::g", "C::m(int) const::L::g", "m(int) const::L::g"});
}

TEST(NameQueryTest, OneQueryServesManyNames) {
  const NameQuery Query("f(int)");
  for (int Round = 0; Round != 2; ++Round) {
    EXPECT_EQ(Query.compare(FunctionName::parse("_Z1fi")), Exact);
    EXPECT_EQ(Query.compare(FunctionName::parse("_Z1fd")), None);
    EXPECT_EQ(Query.compare(FunctionName::parse("_ZN1a1fEi")), Partial);
  }
}

TEST(NameQueryTest, AnyTextMayBeAsked) {
  const FunctionName F = FunctionName::parse("_ZN1TIiE3twoIdEET_S2_");
  for (const char *Text : {"(",        ")",
                           "<",        ">",
                           "<<",       ">>",
                           "::",       "*",
                           "...",      "two<",
                           "two(",     "two)",
                           "T<int",    "::two::",
                           "two::",    "~two",
                           "operator", "const",
                           "unsigned", "'",
                           "[abi:x]",  "two<double>(double"})
    EXPECT_LT(NameQuery(Text).compare(F), Exact) << Text;
}

} // namespace
