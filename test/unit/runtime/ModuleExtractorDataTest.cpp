//===- ModuleExtractorDataTest.cpp - Constants, tables and aliases copied -===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What becomes of the constants, tables of classes and aliases that a copied
// definition mentions, or that are copied themselves.
//
//===----------------------------------------------------------------------===//

#include "ModuleExtractorTest.h"

#include "llvm/IR/Constants.h"

using namespace llvm;
using namespace reopt;

namespace {

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

TEST_F(ModuleExtractorTest, PrivateConstantsAreCopiedWithWhatTheyMention) {
  Module &M = extract(R"(
    @.str = private unnamed_addr constant [3 x i8] c"ab\00", align 1
    @.list = internal unnamed_addr constant [2 x ptr] [ptr @.str, ptr @g]
    @.unused = private constant i32 7
    define ptr @f(i64 %i) {
      %p = getelementptr [2 x ptr], ptr @.list, i64 0, i64 %i
      %r = load ptr, ptr %p
      ret ptr %r
    }
    define void @g() { ret void }
  )",
                      {"f"});
  EXPECT_EQ(defined(M), ".list .str f");
  EXPECT_EQ(declared(M), "g");
  GlobalVariable *Str = M.getGlobalVariable(".str", /*AllowInternal=*/true);
  EXPECT_TRUE(Str->hasPrivateLinkage());
  EXPECT_EQ(Str->getUnnamedAddr(), GlobalValue::UnnamedAddr::Global);
  EXPECT_EQ(Str->getAlign(), Align(1));
  EXPECT_EQ(cast<ConstantDataArray>(Str->getInitializer())->getAsCString(),
            "ab");
}

/// C++ compares addresses of a static const with each other.
TEST_F(ModuleExtractorTest, AConstantWhoseAddressMattersIsNotCopied) {
  Module &M = extract(R"(
    @k = internal constant i32 5
    @l = internal local_unnamed_addr constant i32 6
    define ptr @f() { ret ptr @k }
    define i32 @g() { %r = load i32, ptr @l ret i32 %r }
  )",
                      {"f", "g"});
  EXPECT_EQ(defined(M), "f g l");
  EXPECT_EQ(declared(M), "k");
  for (auto [Name, Copied] : {std::pair("k", false), {"l", true}, {"f", false}})
    EXPECT_EQ(isCopiedConstant(*From->getNamedValue(Name)), Copied) << Name;
}

TEST_F(ModuleExtractorTest, PrivateConstantsWithoutNamesAreKeptApart) {
  Module &M = extract(R"(
    @0 = private constant i32 1
    @1 = private constant i32 2
    define i32 @f() {
      %a = load i32, ptr @0
      %b = load i32, ptr @1
      %c = load i32, ptr @0
      %s = add i32 %a, %b
      %r = add i32 %s, %c
      ret i32 %r
    }
  )",
                      {"f"});
  EXPECT_EQ(M.global_size(), 2u);
}

TEST_F(ModuleExtractorTest, AConstantThatMentionsItselfIsCopiedOnce) {
  Module &M = extract(R"(
    @a = private constant { ptr, ptr } { ptr @b, ptr @a }
    @b = private constant { ptr, i64 } { ptr @a, i64 ptrtoint (ptr @b to i64) }
    define ptr @f() { ret ptr @a }
  )",
                      {"f"});
  EXPECT_EQ(defined(M), "a b f");
}

TEST_F(ModuleExtractorTest, PrivateDataThatChangesIsNotCopied) {
  // Who extracts has given it a name that others can see.
  Module &M = extract(R"(
    @count = internal global i32 0
    define i32 @f() {
      %r = load i32, ptr @count
      ret i32 %r
    }
  )",
                      {"f"});
  EXPECT_EQ(defined(M), "f");
  EXPECT_EQ(declared(M), "count");
  EXPECT_TRUE(M.getGlobalVariable("count")->hasExternalLinkage());
}

TEST_F(ModuleExtractorTest, MentionsInConstantExpressionsCount) {
  Module &M = extract(R"(
    @a = global [4 x i32] zeroinitializer
    @b = global i64 0
    @p = global ptr getelementptr (i32, ptr @a, i64 2)
    define i64 @f() {
      ret i64 sub (i64 ptrtoint (ptr @b to i64), i64 ptrtoint (ptr @a to i64))
    }
  )",
                      {"f", "p"});
  EXPECT_EQ(defined(M), "f p");
  EXPECT_EQ(declared(M), "a b");
}

//===----------------------------------------------------------------------===//
// Tables of classes, aliases
//===----------------------------------------------------------------------===//

TEST_F(ModuleExtractorTest, AVtableIsCopiedAndItsFunctionsAreDeclared) {
  Module &M = extract(R"(
    @_ZTV1A = linkonce_odr unnamed_addr constant { [4 x ptr] } { [4 x ptr]
        [ptr null, ptr @_ZTI1A, ptr @_ZN1A1mEv, ptr @_ZN1A1nEv] }
    @_ZTVN10__cxxabiv117__class_type_infoE = external global [0 x ptr]
    @_ZTS1A = linkonce_odr constant [3 x i8] c"1A\00"
    @_ZTI1A = linkonce_odr constant { ptr, ptr }
        { ptr getelementptr inbounds (ptr,
              ptr @_ZTVN10__cxxabiv117__class_type_infoE, i64 2),
          ptr @_ZTS1A }
    define linkonce_odr void @_ZN1A1mEv(ptr %this) { ret void }
    define linkonce_odr void @_ZN1A1nEv(ptr %this) { ret void }
    define void @_ZN1AC2Ev(ptr %this) {
      store ptr getelementptr inbounds inrange(-16, 16)
                ({ [4 x ptr] }, ptr @_ZTV1A, i32 0, i32 0, i32 2), ptr %this
      ret void
    }
  )",
                      {"_ZTV1A", "_ZTI1A"});
  EXPECT_EQ(defined(M), "_ZTI1A _ZTV1A");
  EXPECT_EQ(declared(M), "_ZN1A1mEv _ZN1A1nEv _ZTS1A "
                         "_ZTVN10__cxxabiv117__class_type_infoE");

  Module &Constructor = extract(print(*From), {"_ZN1AC2Ev"});
  EXPECT_EQ(defined(Constructor), "_ZN1AC2Ev");
  EXPECT_EQ(declared(Constructor), "_ZTV1A");
}

TEST_F(ModuleExtractorTest, AnAliasIsCopiedAlongWithWhatItStandsFor) {
  Module &M = extract(R"(
    @v = global [4 x i32] zeroinitializer
    @third = weak alias i32, getelementptr (i32, ptr @v, i64 2)
    @C1 = alias void (), ptr @C2
    @again = alias void (), ptr @C1
    define void @C2() { ret void }
  )",
                      {"third", "v", "again", "C1", "C2"});
  EXPECT_EQ(defined(M), "C1 C2 again third v");
  EXPECT_EQ(declared(M), "");
  EXPECT_TRUE(M.getNamedAlias("third")->hasWeakAnyLinkage());
  EXPECT_EQ(M.getNamedAlias("C1")->getAliasee(), M.getFunction("C2"));
}

TEST_F(ModuleExtractorTest, AMentionedAliasIsWhatItStandsFor) {
  Module &M = extract(R"(
    @v = global [2 x i32] zeroinitializer
    @w = alias i32, getelementptr (i32, ptr @v, i64 1)
    @C1 = alias void (ptr), ptr @C2
    define void @C2(ptr %this) { ret void }
    define i32 @f() {
      call void @C1(ptr @w)
      %r = load i32, ptr @w
      ret i32 %r
    }
  )",
                      {"f"});
  EXPECT_EQ(defined(M), "f");
  EXPECT_EQ(declared(M), "C2 v");
}

TEST_F(ModuleExtractorTest, AMentionedWeakAliasIsASymbolOfItsType) {
  Module &M = extract(R"(
    @v = global i32 0
    @w = weak alias i32, ptr @v
    @C1 = weak alias void (ptr), ptr @C2
    @chosen = ifunc void (), ptr @choose
    define void @C2(ptr %this) { ret void }
    define ptr @choose() { ret ptr null }
    define i32 @f() {
      call void @C1(ptr @w)
      call void @chosen()
      %r = load i32, ptr @w
      ret i32 %r
    }
  )",
                      {"f"});
  EXPECT_EQ(defined(M), "f");
  EXPECT_EQ(declared(M), "C1 chosen w");
  EXPECT_TRUE(M.getFunction("C1"));
  EXPECT_EQ(M.getFunction("C1")->arg_size(), 1u);
  EXPECT_TRUE(M.getGlobalVariable("w"));
}

} // namespace
