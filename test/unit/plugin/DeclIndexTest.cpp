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

} // namespace
