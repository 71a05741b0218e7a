//===- NameTokensTest.cpp - Tests of reopt::NameReader -------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NameTokens.h"

#include "gtest/gtest.h"

#include <initializer_list>

using namespace reopt;

namespace {

std::string join(const NameTokens &All) {
  std::string Text;
  for (const NameToken &T : All)
    if (!T.Text.empty())
      Text += (Text.empty() ? "" : " ") + T.Text;
  return Text;
}

/// The one form of \p Text, its tokens parted by spaces; what is not found from
/// the global namespace on begins with a *.
std::string read(llvm::StringRef Text, bool ResolveAliases = false) {
  NameReader Reader("*");
  Reader.add(Text, ResolveAliases);
  return join(Reader.take());
}

void expectSame(std::initializer_list<const char *> Ways) {
  for (const char *Way : Ways)
    EXPECT_EQ(read(Way), read(*Ways.begin())) << Way;
}

void expectDifferent(std::initializer_list<const char *> Names) {
  for (const char *A : Names)
    for (const char *B : Names)
      if (A != B)
        EXPECT_NE(read(A), read(B)) << A << " | " << B;
}

TEST(NameTokensTest, SpacesDoNotCount) {
  EXPECT_EQ(read("f(int,char*)"), "* f ( int , char * )");
  expectSame({"f(int,char*)", " f ( int , char * ) ", "f(int, char *)"});
  expectSame({"a::f", "a :: f"});
  expectSame({"T<T<int>>", "T< T <int> >"});
  expectDifferent({"unsignedchar", "unsigned char"});
}

TEST(NameTokensTest, ConstStandsBehindWhatItQualifies) {
  EXPECT_EQ(read("const char *"), "char const *");
  expectSame({"f(const char *)", "f(char const *)"});
  expectSame({"f(const a::S<const int> &)", "f(a::S<int const> const &)"});
  expectSame({"const volatile int", "volatile int const", "int const volatile",
              "volatile const int"});
  expectDifferent({"f(const char *)", "f(char *const)", "f(char *)"});
}

TEST(NameTokensTest, ArithmeticTypesHaveOneName) {
  expectSame({"unsigned", "unsigned int", "int unsigned"});
  expectSame({"long", "long int", "signed long", "int long signed"});
  expectSame({"unsigned long long", "long unsigned long", "long long unsigned",
              "unsigned long long int"});
  expectSame({"int", "signed", "signed int"});
  expectSame({"short", "short int"});
  expectSame({"long double", "double long"});
  expectSame(
      {"const unsigned long", "unsigned const long", "long unsigned const"});
  expectDifferent({"char", "signed char", "unsigned char"});
  expectDifferent({"int", "unsigned", "long", "long long", "short", "double",
                   "long double", "unsigned long"});
}

TEST(NameTokensTest, WhatAddsNothingIsDropped) {
  expectSame({"f()", "f(void)", "f( void )"});
  expectSame({"f(S)", "f(struct S)", "f(class S)", "f(enum S)", "f(union S)",
              "f(typename S)"});
  expectSame({"T<3>", "T<3u>", "T<3UL>", "T<3ull>"});
  expectDifferent({"f()", "f(void *)", "f(void (*)())"});
  expectDifferent({"T<3>", "T<4>"});
}

TEST(NameTokensTest, NamesSayWhereTheyBegin) {
  EXPECT_EQ(read("a::b"), "* a :: b");
  EXPECT_EQ(read("::a::b"), "<root> a :: b");
  EXPECT_EQ(read("f(a, ::b)"), "* f ( * a , <root> b )");
  EXPECT_EQ(read("a::S<b::T>::m"), "* a :: S < * b :: T > :: m");
}

TEST(NameTokensTest, OperatorsAreWords) {
  EXPECT_EQ(read("operator<<(S)"), "* operator<< ( * S )");
  EXPECT_EQ(read("operator<<int>(S)"), "* operator< < int > ( * S )");
  EXPECT_EQ(read("operator<=>(S)"), "* operator<=> ( * S )");
  EXPECT_EQ(read("S::operator()()"), "* S :: operator() ( )");
  EXPECT_EQ(read("operator[](int)"), "* operator[] ( int )");
  EXPECT_EQ(read("operator new"), "* operator * new");
  expectSame({"S::operator unsigned()", "S::operator unsigned int()"});
  expectSame({"operator +", "operator+"});
  expectDifferent({"operator<", "operator<<", "operator<=", "operator->",
                   "operator->*", "operator>>", "operator,", "operator!"});
}

TEST(NameTokensTest, SomePhrasesAreWords) {
  EXPECT_EQ(read("(anonymous namespace)::f"), "* (anonymous namespace) :: f");
  EXPECT_EQ(read("S::~S"), "* S :: ~S");
  EXPECT_EQ(read("S::~ S"), "* S :: ~S");
  EXPECT_EQ(read("f()::'lambda'()"), "* f ( ) :: 'lambda' ( )");
  EXPECT_EQ(read("f[abi:cxx11]()"), "* f [abi:cxx11] ( )");
}

TEST(NameTokensTest, AliasesAreResolvedOnDemand) {
  EXPECT_EQ(read("f(size_t)"), "* f ( * size_t )");
  EXPECT_EQ(read("f(size_t)", true), "* f ( long unsigned )");
  EXPECT_EQ(read("f(std::uint8_t)", true), "* f ( char unsigned )");
  EXPECT_EQ(read("f(const std::string &)", true),
            "* f ( * std :: basic_string < char > const & )");
  EXPECT_EQ(read("string::size", true), "* basic_string < char > :: size");
  EXPECT_EQ(read("f(FILE *)", true), "* f ( * _IO_FILE * )");
  // A type of somebody's own, a function.
  EXPECT_EQ(read("f(my::size_t)", true), "* f ( * my :: size_t )");
  EXPECT_EQ(read("string(int)", true), "* string ( int )");
}

TEST(NameTokensTest, BracketsKnowWhereTheyEnd) {
  NameReader Reader("*");
  EXPECT_EQ(Reader.add("T<int, U<(1)>>"), 13u);
  EXPECT_EQ(Reader.add("(f)"), 17u);
  NameTokens All = Reader.take();
  ASSERT_EQ(join(All), "* T < int , * U < ( 1 ) > > ( * f )");
  EXPECT_TRUE(All.back().Text.empty());
  auto At = [&](const char *Text, size_t From) {
    while (!All[From].is(Text))
      ++From;
    return From;
  };
  EXPECT_EQ(All[At("<", 0)].Close, 12u);
  EXPECT_EQ(All[At("<", 3)].Close, 11u);
  EXPECT_EQ(All[At("(", 0)].Close, 10u);
  EXPECT_EQ(All[At("(", 13)].Close, All.size() - 2);
  EXPECT_EQ(All[At(",", 0)].Close, 0u);
}

TEST(NameTokensTest, ALessThanWithoutAPartnerIsNoBracket) {
  NameReader Reader("*");
  Reader.add("T<(a < b)>");
  NameTokens All = Reader.take();
  EXPECT_EQ(All[2].Close, All.size() - 2);
  unsigned Paired = 0;
  for (const NameToken &T : All)
    Paired += T.Close != 0;
  EXPECT_EQ(Paired, 2u);
}

TEST(NameTokensTest, AnyTextIsRead) {
  for (const char *Text : {"",
                           " ",
                           "(",
                           ")",
                           "<",
                           ">",
                           "::",
                           ":",
                           "(((",
                           ")))",
                           "'",
                           "[abi:",
                           "~",
                           "operator",
                           "a::",
                           "::::",
                           "const",
                           "unsigned",
                           "f(",
                           "f<",
                           "f)>",
                           "\xc3\xa4",
                           "(anonymous namespace)",
                           "namespace)",
                           ",",
                           "123u"})
    for (bool ResolveAliases : {false, true}) {
      NameReader Reader("*");
      Reader.add(Text, ResolveAliases);
      EXPECT_TRUE(Reader.take().back().Text.empty()) << Text;
    }
}

} // namespace
