//===- DeclIndexTest.cpp - Tests of reopt::DeclIndex ---------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeclIndex.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/Decl.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/Frontend/ASTUnit.h"
#include "clang/Tooling/Tooling.h"

#include "gtest/gtest.h"

using namespace clang;
using namespace reopt;

namespace {

class DeclIndexTest : public testing::Test {
protected:
  void parse(llvm::StringRef Code) {
    AST = tooling::buildASTFromCode(Code);
    ASSERT_TRUE(AST);
    Index.initialize(AST->getASTContext());
    for (Decl *D : AST->getASTContext().getTranslationUnitDecl()->decls())
      Index.note(D);
  }

  /// The name of what is found, or nothing.
  std::string find(llvm::StringRef Name, llvm::function_ref<bool()> Yield) {
    auto GD = Index.find(Name, Yield);
    return GD ? cast<NamedDecl>(GD->getDecl())->getNameAsString() : "";
  }

  std::unique_ptr<ASTUnit> AST;
  DeclIndex Index;
};

TEST_F(DeclIndexTest, FindsADefinitionByItsLinkerName) {
  parse("int f(int x) { return x; } int g(int); namespace n { void h() {} }");
  auto Yes = [] { return true; };
  EXPECT_EQ(find("_Z1fi", Yes), "f");
  EXPECT_EQ(find("_ZN1n1hEv", Yes), "h");
  EXPECT_EQ(find("_Z1gi", Yes), "") << "it has no body";
}

TEST_F(DeclIndexTest, TellsWhatTheUserHasWritten) {
  parse("int mine(int x) { return x; }\n"
        "template <class T> T twice(T x) { return x + x; }\n"
        "int four() { return twice(2); }\n"
        "#define MAKE(Name) int Name() { return 1; }\n"
        "MAKE(made)\n"
        "# 1 \"lib.h\" 3\n"
        "int theirs(int x) { return x; }\n"
        "template <class T> T thrice(T x) { return 3 * x; }\n"
        "# 100 \"input.cc\"\n"
        "int nine() { return thrice(3); }\n");
  // As clang hands them to a consumer.
  for (Decl *D : AST->getASTContext().getTranslationUnitDecl()->decls())
    if (auto *Template = dyn_cast<FunctionTemplateDecl>(D))
      for (FunctionDecl *Instance : Template->specializations())
        Index.note(Instance);
  auto IsOfUser = [&](llvm::StringRef Name) {
    auto GD = Index.find(Name, [] { return true; });
    return GD && Index.isOfUser(GD->getDecl());
  };
  for (const char *Name :
       {"_Z4minei", "_Z4fourv", "_Z5twiceIiET_S0_", "_Z4madev", "_Z4ninev"})
    EXPECT_TRUE(IsOfUser(Name)) << Name;
  for (const char *Name : {"_Z6theirsi", "_Z6thriceIiET_S0_"})
    EXPECT_FALSE(IsOfUser(Name)) << Name;
}

TEST_F(DeclIndexTest, WithoutTheAstItIsNotLookedAt) {
  parse("void f() {} void g() {}");
  auto Yes = [] { return true; };
  unsigned Asked = 0;
  auto No = [&] { return ++Asked == 0; };
  EXPECT_EQ(find("_Z1fv", No), "");
  EXPECT_EQ(Asked, 1u) << "it went on without";
  EXPECT_EQ(find("_Z1fv", Yes), "f");
  // Nor what is known already, which would be looked at next.
  EXPECT_EQ(find("_Z1gv", No), "");
  EXPECT_EQ(Asked, 2u);
}

TEST_F(DeclIndexTest, ASearchThatEndsEarlyLosesNothing) {
  std::string Code;
  for (int I = 0; I != 300; ++I)
    Code += "void f" + std::to_string(I) + "() {}\n";
  parse(Code);
  for (unsigned Times : {1, 2}) {
    unsigned Left = Times;
    EXPECT_EQ(find("_Z4f299v", [&] { return Left-- != 0; }), "");
  }
  auto Yes = [] { return true; };
  for (const char *Name : {"f0", "f63", "f64", "f150", "f299"})
    EXPECT_EQ(find("_Z" + std::to_string(strlen(Name)) + Name + "v", Yes),
              Name);
}

TEST_F(DeclIndexTest, StatementsBelongToTheirInput) {
  AST = tooling::buildASTFromCodeWithArgs(
      "int n = 0; n = 1; n = 2; int f() { return n; }",
      {"-Xclang", "-fincremental-extensions"});
  ASSERT_TRUE(AST);
  ASTContext &Ctx = AST->getASTContext();
  Index.initialize(Ctx);
  TranslationUnitDecl *TU = Ctx.getTranslationUnitDecl();
  for (Decl *D : TU->decls())
    Index.note(D);
  EXPECT_TRUE(Index.findStatements("input").empty()) << "it was not accepted";
  Index.acceptInput(TU, "input");
  auto Statements = Index.findStatements("input");
  ASSERT_EQ(Statements.size(), 2u);
  EXPECT_LT(Statements[0]->getBeginLoc(), Statements[1]->getBeginLoc());
  EXPECT_TRUE(Index.findStatements("another").empty());
  Index.forget(TU);
  EXPECT_TRUE(Index.findStatements("input").empty());
}

// clang hands their declarations to the consumer as it parses.
TEST_F(DeclIndexTest, StatementsOfAnInputThatFailedAreNobodys) {
  AST = tooling::buildASTFromCodeWithArgs(
      "int n = 0; n = 1;", {"-Xclang", "-fincremental-extensions"});
  ASSERT_TRUE(AST);
  ASTContext &Ctx = AST->getASTContext();
  Index.initialize(Ctx);
  for (Decl *D : Ctx.getTranslationUnitDecl()->decls())
    Index.note(D);
  std::unique_ptr<ASTUnit> Next = tooling::buildASTFromCode("int m;");
  ASSERT_TRUE(Next);
  Index.acceptInput(Next->getASTContext().getTranslationUnitDecl(), "input");
  EXPECT_TRUE(Index.findStatements("input").empty());
}

} // namespace
