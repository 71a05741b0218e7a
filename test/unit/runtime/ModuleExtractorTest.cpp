//===- ModuleExtractorTest.cpp - Tests of reopt::extractModule -----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a copy of some definitions holds, how it mentions the rest, and that the
// module it came from stays as it was.
//
//===----------------------------------------------------------------------===//

#include "ModuleExtractorTest.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"

using namespace llvm;
using namespace reopt;

namespace {

//===----------------------------------------------------------------------===//
// What is copied, and what is declared
//===----------------------------------------------------------------------===//

TEST_F(ModuleExtractorTest, CopiesWhatWasAskedForAndDeclaresWhatItMentions) {
  Module &M = extract(R"(
    @used = global i32 1
    @unused = global i32 2
    define i32 @f() {
      %x = load i32, ptr @used
      %r = call i32 @g(i32 %x)
      ret i32 %r
    }
    define i32 @g(i32 %x) { ret i32 %x }
    define i32 @h(i32 %x) { ret i32 %x }
    declare i32 @elsewhere()
  )",
                      {"f"});
  EXPECT_EQ(defined(M), "f");
  EXPECT_EQ(declared(M), "g used");
  EXPECT_TRUE(M.getFunction("g")->hasExternalLinkage());
  EXPECT_TRUE(M.getGlobalVariable("used")->hasExternalLinkage());
}

TEST_F(ModuleExtractorTest, DefinitionsMentionEachOther) {
  Module &M = extract(R"(
    @table = global [2 x ptr] [ptr @f, ptr @g]
    define ptr @f() { ret ptr @table }
    define void @g() { call ptr @f() ret void }
  )",
                      {"g", "table", "f"});
  EXPECT_EQ(defined(M), "f g table");
  EXPECT_EQ(declared(M), "");
}

TEST_F(ModuleExtractorTest, LinkageAndAttributesOfDefinitionsStay) {
  Module &M = extract(R"(
    @w = weak_odr constant i32 1, section "mine", align 64
    define linkonce_odr fastcc i32 @f(i32 signext %x) #0 section "hot" align 32
        prefix i32 7 { ret i32 %x }
    attributes #0 = { noinline optnone "frame-pointer"="all" }
  )",
                      {"f", "w"});
  Function *F = M.getFunction("f");
  EXPECT_TRUE(F->hasLinkOnceODRLinkage());
  EXPECT_EQ(F->getCallingConv(), CallingConv::Fast);
  EXPECT_TRUE(F->hasFnAttribute(Attribute::NoInline));
  EXPECT_EQ(F->getFnAttribute("frame-pointer").getValueAsString(), "all");
  EXPECT_TRUE(F->getArg(0)->hasSExtAttr());
  EXPECT_EQ(F->getSection(), "hot");
  EXPECT_TRUE(F->hasPrefixData());
  EXPECT_EQ(F->getArg(0)->getName(), "x");
  GlobalVariable *W = M.getGlobalVariable("w");
  EXPECT_TRUE(W->hasWeakODRLinkage());
  EXPECT_TRUE(W->isConstant());
  EXPECT_EQ(W->getSection(), "mine");
  EXPECT_EQ(W->getAlign(), Align(64));
}

TEST_F(ModuleExtractorTest, DeclarationsKeepTypeAndAttributesButNoBodyParts) {
  Module &M = extract(R"(
    declare i32 @personality(...)
    define weak_odr fastcc i64 @g(ptr byval(i64) %p, i32 %n) nounwind
        prefix i32 7 personality ptr @personality { ret i64 0 }
    define i64 @f(ptr %p) {
      %r = call fastcc i64 @g(ptr byval(i64) %p, i32 1)
      ret i64 %r
    }
  )",
                      {"f"});
  Function *G = M.getFunction("g");
  EXPECT_TRUE(G->isDeclaration());
  EXPECT_TRUE(G->hasExternalLinkage());
  EXPECT_EQ(G->getCallingConv(), CallingConv::Fast);
  EXPECT_TRUE(G->getArg(0)->hasByValAttr());
  EXPECT_TRUE(G->doesNotThrow());
  EXPECT_FALSE(G->hasPersonalityFn());
  EXPECT_FALSE(G->hasPrefixData());
  EXPECT_EQ(declared(M), "g");
}

TEST_F(ModuleExtractorTest, WhatIsDeclaredMayLieOutOfReach) {
  Module &M = extract(R"(
    @v = external dso_local global i32
    define dso_local i32 @g() { ret i32 0 }
    define i32 @f() {
      %x = load i32, ptr @v
      %r = call i32 @g()
      ret i32 %r
    }
  )",
                      {"f"});
  EXPECT_FALSE(M.getFunction("g")->isDSOLocal());
  EXPECT_FALSE(M.getGlobalVariable("v")->isDSOLocal());
}

/// What an attribute or -fvisibility=hidden makes.
TEST_F(ModuleExtractorTest, HiddenFunctionsAndDataAreMentionedValidly) {
  Module &M = extract(R"(
    @v = hidden global i32 1
    define hidden i32 @g() { ret i32 0 }
    define hidden i32 @f() {
      %x = load i32, ptr @v
      %r = call i32 @g()
      ret i32 %r
    }
  )",
                      {"f"});
  EXPECT_EQ(declared(M), "g v");
}

TEST_F(ModuleExtractorTest, WeakReferencesStayWeak) {
  Module &M = extract(R"(
    @v = extern_weak global i32
    declare extern_weak void @g()
    define i1 @f() {
      %a = icmp eq ptr @g, null
      %b = icmp eq ptr @v, null
      %r = and i1 %a, %b
      ret i1 %r
    }
  )",
                      {"f"});
  EXPECT_TRUE(M.getFunction("g")->hasExternalWeakLinkage());
  EXPECT_TRUE(M.getGlobalVariable("v")->hasExternalWeakLinkage());
}

TEST_F(ModuleExtractorTest, ThreadLocalsStayThreadLocal) {
  Module &M = extract(R"(
    @t = thread_local(initialexec) global i32 0
    @u = thread_local global i32 5
    declare ptr @llvm.threadlocal.address.p0(ptr)
    define i32 @f() {
      %p = call ptr @llvm.threadlocal.address.p0(ptr @t)
      %x = load i32, ptr %p
      ret i32 %x
    }
  )",
                      {"f", "u"});
  GlobalVariable *T = M.getGlobalVariable("t"), *U = M.getGlobalVariable("u");
  EXPECT_TRUE(T->isDeclaration());
  EXPECT_EQ(T->getThreadLocalMode(), GlobalValue::InitialExecTLSModel);
  EXPECT_FALSE(U->isDeclaration());
  EXPECT_EQ(U->getThreadLocalMode(), GlobalValue::GeneralDynamicTLSModel);
}

TEST_F(ModuleExtractorTest, IntrinsicsStayIntrinsics) {
  Module &M = extract(R"(
    declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
    define void @f(ptr %a, ptr %b) {
      call void @llvm.memcpy.p0.p0.i64(ptr %a, ptr %b, i64 8, i1 false)
      ret void
    }
  )",
                      {"f"});
  EXPECT_EQ(M.getFunction("llvm.memcpy.p0.p0.i64")->getIntrinsicID(),
            Intrinsic::memcpy);
}

//===----------------------------------------------------------------------===//
// Renaming
//===----------------------------------------------------------------------===//

TEST_F(ModuleExtractorTest, RecursionOfARenamedFunctionMeansTheOldName) {
  Module &M = extract(R"(
    define i32 @f(i32 %n) {
      %m = sub i32 %n, 1
      %r = call i32 @f(i32 %m)
      ret i32 %r
    }
  )",
                      {"f"}, suffixed);
  EXPECT_EQ(defined(M), "f.new");
  EXPECT_EQ(declared(M), "f");
  auto *Call = cast<CallInst>(M.getFunction("f.new")
                                  ->getEntryBlock()
                                  .getFirstNonPHIOrDbg()
                                  ->getNextNode());
  EXPECT_EQ(Call->getCalledFunction(), M.getFunction("f"));
}

TEST_F(ModuleExtractorTest, RenamedDefinitionsMentionTheOldNamesOfEachOther) {
  Module &M = extract(R"(
    @table = global [2 x ptr] [ptr @f, ptr @g]
    define void @f() { call void @g() ret void }
    define void @g() { call void @f() ret void }
  )",
                      {"f", "table", "g"}, suffixed);
  EXPECT_EQ(defined(M), "f.new g.new table.new");
  EXPECT_EQ(declared(M), "f g");
}

TEST_F(ModuleExtractorTest, ADefinitionThatKeepsItsNameIsMentionedItself) {
  Module &M = extract(R"(
    define void @f() { call void @g() call void @f() ret void }
    define void @g() { call void @f() call void @g() ret void }
  )",
                      {"f", "g"}, [](StringRef Name) {
                        return Name == "f" ? "f.new" : Name.str();
                      });
  EXPECT_EQ(defined(M), "f.new g");
  EXPECT_EQ(declared(M), "f");
}

//===----------------------------------------------------------------------===//
// Metadata, module properties, whatever else a body holds
//===----------------------------------------------------------------------===//

TEST_F(ModuleExtractorTest, TargetAndModuleFlagsAreThoseOfTheModule) {
  Module &M = extract(R"(
    target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
    target triple = "x86_64-unknown-linux-gnu"
    define void @f() { ret void }
    !llvm.module.flags = !{!0, !1}
    !0 = !{i32 8, !"PIC Level", i32 2}
    !1 = !{i32 7, !"uwtable", i32 2}
  )",
                      {"f"});
  EXPECT_EQ(M.getTargetTriple(), From->getTargetTriple());
  EXPECT_EQ(M.getDataLayout(), From->getDataLayout());
  EXPECT_EQ(M.getPICLevel(), PICLevel::BigPIC);
  EXPECT_EQ(M.getUwtable(), UWTableKind::Async);
  EXPECT_FALSE(M.getNamedMetadata("llvm.dbg.cu"));
}

TEST_F(ModuleExtractorTest, MetadataOfInstructionsIsCopied) {
  Module &M = extract(R"(
    define i32 @f(ptr %p, i1 %c) !prof !4 {
      br i1 %c, label %a, label %b, !prof !0
    a:
      %x = load i32, ptr %p, !tbaa !1, !range !5
      br label %a, !llvm.loop !6
    b:
      ret i32 0
    }
    !0 = !{!"branch_weights", i32 1, i32 99}
    !1 = !{!2, !2, i64 0}
    !2 = !{!"int", !3, i64 0}
    !3 = !{!"root"}
    !4 = !{!"function_entry_count", i64 12}
    !5 = !{i32 0, i32 2}
    !6 = distinct !{!6, !7}
    !7 = !{!"llvm.loop.mustprogress"}
  )",
                      {"f"});
  Function *F = M.getFunction("f");
  EXPECT_TRUE(F->getEntryCount().has_value());
  EXPECT_TRUE(F->getEntryBlock().getTerminator()->hasMetadata("prof"));
  BasicBlock *A = F->getEntryBlock().getTerminator()->getSuccessor(0);
  EXPECT_TRUE(A->front().hasMetadata("tbaa"));
  EXPECT_TRUE(A->getTerminator()->hasMetadata("llvm.loop"));
}

TEST_F(ModuleExtractorTest, DebugInformationComesWithItsFunction) {
  Module &M = extract(std::string(DebugInfoIR) + R"(
    define i32 @f(i32 %n) !dbg !4 {
      %r = call i32 @g(i32 %n), !dbg !7
      ret i32 %r, !dbg !7
    }
    define i32 @g(i32 %n) !dbg !8 {
      ret i32 %n, !dbg !9
    }
    !8 = distinct !DISubprogram(name: "g", scope: !1, file: !1, line: 3,
                                type: !5, unit: !0,
                                spFlags: DISPFlagDefinition)
    !9 = !DILocation(line: 4, scope: !8)
  )",
                      {"f"}, suffixed);
  Function *F = M.getFunction("f.new");
  ASSERT_TRUE(F->getSubprogram());
  EXPECT_EQ(F->getSubprogram()->getName(), "f");
  EXPECT_FALSE(M.getFunction("g")->getSubprogram());
  NamedMDNode *Units = M.getNamedMetadata("llvm.dbg.cu");
  ASSERT_TRUE(Units);
  EXPECT_EQ(Units->getNumOperands(), 1u);
}

TEST_F(ModuleExtractorTest, ExceptionTablesComeWithTheirFunction) {
  Module &M = extract(R"(
    @_ZTIi = external constant ptr
    declare i32 @__gxx_personality_v0(...)
    declare void @g()
    define void @f() personality ptr @__gxx_personality_v0 {
      invoke void @g() to label %done unwind label %lpad
    done:
      ret void
    lpad:
      %l = landingpad { ptr, i32 } cleanup catch ptr @_ZTIi
      resume { ptr, i32 } %l
    }
  )",
                      {"f"});
  EXPECT_EQ(declared(M), "_ZTIi __gxx_personality_v0 g");
  EXPECT_EQ(M.getFunction("f")->getPersonalityFn(),
            M.getFunction("__gxx_personality_v0"));
}

TEST_F(ModuleExtractorTest, BlocksTakenByAddressStayWithTheirFunction) {
  Module &M = extract(R"(
    @targets = private constant [2 x ptr] [ptr blockaddress(@f, %a),
                                           ptr blockaddress(@f, %b)]
    define i32 @f(i64 %i) {
      %p = getelementptr [2 x ptr], ptr @targets, i64 0, i64 %i
      %to = load ptr, ptr %p
      indirectbr ptr %to, [ label %a, label %b ]
    a:
      ret i32 1
    b:
      ret i32 2
    }
  )",
                      {"f"});
  EXPECT_EQ(defined(M), "f targets");
  EXPECT_EQ(declared(M), "");
}

TEST_F(ModuleExtractorTest, InitialisersAreCopiedAsALinkerWantsThem) {
  Module &M = extract(R"(
    @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]
        [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr @v }]
    @v = global i32 0
    define internal void @init() {
      store i32 1, ptr @v
      ret void
    }
  )",
                      {"llvm.global_ctors", "v", "init"});
  EXPECT_EQ(defined(M), "init llvm.global_ctors v");
  EXPECT_TRUE(M.getGlobalVariable("llvm.global_ctors")->hasAppendingLinkage());
  EXPECT_TRUE(M.getFunction("init")->hasInternalLinkage());
}

TEST_F(ModuleExtractorTest, SymbolsInAssemblyAreThoseThatItNames) {
  Module &M = extract(R"(
    @named = global [2 x i32] zeroinitializer
    @read = global i32 0
    @inRegister = global i32 0
    @stored = global i32 0
    define void @f() {
      call void asm "nop ${0:c}",
          "i"(ptr getelementptr inbounds (i8, ptr @named, i64 4))
      call void asm "nop $0", "*m"(ptr elementtype(i32) @read)
      call void asm "nop $0 $1", "=*m,r"(ptr elementtype(i32) @stored,
                                         ptr @inRegister)
      %r = call i32 asm "nop ${1:c} $2", "=r,i,i"(ptr @f, i32 5)
      ret void
    }
  )",
                      {"f", "named", "read", "inRegister", "stored"});
  SmallVector<StringRef, 2> Names;
  for (const GlobalValue *GV : getSymbolsInAssembly(*M.getFunction("f")))
    Names.push_back(GV->getName());
  EXPECT_EQ(join(Names, " "), "named f");
}

TEST_F(ModuleExtractorTest, NothingGivesAnEmptyModule) {
  Module &M = extract("define void @f() { ret void }", {});
  EXPECT_EQ(defined(M), "");
  EXPECT_EQ(declared(M), "");
}

/// The cost is that of what is copied.
TEST_F(ModuleExtractorTest, AThousandNeighboursAreNotTouched) {
  std::string Text = "define void @f() { call void @g7() ret void }\n";
  for (int I = 0; I != 1000; ++I)
    Text += "define void @g" + std::to_string(I) + "() { ret void }\n";
  Module &M = extract(Text, {"f"});
  EXPECT_EQ(defined(M), "f");
  EXPECT_EQ(declared(M), "g7");
}

} // namespace
