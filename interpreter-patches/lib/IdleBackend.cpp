//===- IdleBackend.cpp - No backend where it has nothing to do ------------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/IdleBackend.h"

#include "clang/AST/ASTConsumer.h"
#include "clang/AST/ASTContext.h"
#include "clang/Basic/CodeGenOptions.h"
#include "clang/Basic/TargetInfo.h"
#include "clang/CodeGen/BackendUtil.h"
#include "clang/CodeGen/ModuleBuilder.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/MultiplexConsumer.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include <cstring>

namespace clang {

/// HACK: clang's own declaration is in a header that is not installed. Nothing
/// of this one is used but a member function, which libclang-cpp exports.
class BackendConsumer : public ASTConsumer {
public:
  CodeGenerator *getCodeGenerator();
};

} // namespace clang

using namespace clang;

/// HACK: what an object is, by its first word (Itanium C++ ABI). The language
/// asks its type information, which a plugin's consumers may be without.
extern const char VtableOfBackend[] __asm__("_ZTVN5clang15BackendConsumerE");
extern const char VtableOfSeveral[] __asm__("_ZTVN5clang17MultiplexConsumerE");
extern const char
    VtableOfPrinting[] __asm__("_ZTVN5clang28InProcessPrintingASTConsumerE");

namespace {

bool isA(const ASTConsumer &C, const char *Vtable) {
  const char *Found;
  std::memcpy(&Found, static_cast<const void *>(&C), sizeof(Found));
  return Found == Vtable + 2 * sizeof(void *);
}

/// Whether what the backend does under these options is, for most inputs,
/// nothing. What is listed are passes, files and diagnostics that would come
/// with it.
bool isPlain(const CompilerInstance &CI) {
  const CodeGenOptions &Opts = CI.getCodeGenOpts();
  const LangOptions &Lang = CI.getLangOpts();
  return Opts.OptimizationLevel == 0 && !Opts.VerifyModule &&
         !Opts.TimePasses && !Opts.ClearASTBeforeBackend &&
         !Opts.InstrumentFunctions && !Opts.InstrumentFunctionsAfterInlining &&
         !Opts.InstrumentFunctionEntryBare && !Opts.hasProfileInstr() &&
         !Opts.CoverageMapping && !Opts.hasSanitizeCoverage() &&
         !Opts.hasSanitizeBinaryMetadata() && !Opts.MergeFunctions &&
         !Opts.MisExpect && Opts.CoverageNotesFile.empty() &&
         Opts.CoverageDataFile.empty() && Opts.OptRecordFile.empty() &&
         Opts.PassPlugins.empty() && Opts.PassBuilderCallbacks.empty() &&
         Opts.LinkBitcodeFiles.empty() && Opts.ThinLTOIndexFile.empty() &&
         Opts.DebugPass.empty() && Opts.LimitFloatPrecision.empty() &&
         Opts.getEmbedBitcode() == CodeGenOptions::Embed_Off &&
         Opts.OptimizationRemark.Kind ==
             CodeGenOptions::RemarkKind::RK_Missing &&
         Opts.OptimizationRemarkMissed.Kind ==
             CodeGenOptions::RemarkKind::RK_Missing &&
         Opts.OptimizationRemarkAnalysis.Kind ==
             CodeGenOptions::RemarkKind::RK_Missing &&
         Lang.Sanitize.empty() && !Lang.MatrixTypes &&
         CI.getFrontendOpts().LLVMArgs.empty();
}

/// Whether a pass of the pipeline for -O0 finds something in \p M.
bool needsPasses(const llvm::Module &M) {
  for (const llvm::Function &F : M) {
    if (F.hasFnAttribute(llvm::Attribute::AlwaysInline) ||
        F.isPresplitCoroutine() || F.getName().starts_with("llvm.coro."))
      return true;
    for (const llvm::Instruction &I : llvm::instructions(F))
      if (auto *Call = llvm::dyn_cast<llvm::CallBase>(&I))
        if (Call->getAttributes().hasFnAttr(llvm::Attribute::AlwaysInline))
          return true;
  }
  return false;
}

/// In the place of clang's own consumer, which it owns.
class IdleBackend : public ASTConsumer {
public:
  IdleBackend(CompilerInstance &CI, std::unique_ptr<BackendConsumer> Backend)
      : CI(CI), Backend(std::move(Backend)) {}

  void HandleTranslationUnit(ASTContext &C) override {
    if (!isPlain(CI))
      return Backend->HandleTranslationUnit(C);
    CodeGenerator *Gen = Backend->getCodeGenerator();
    Gen->HandleTranslationUnit(C);
    // Errors have it without a module.
    llvm::Module *M = Gen->GetModule();
    if (M && needsPasses(*M))
      emitBackendOutput(
          CI, CI.getCodeGenOpts(), C.getTargetInfo().getDataLayoutString(), M,
          Backend_EmitNothing, CI.getFileManager().getVirtualFileSystemPtr(),
          /*OS=*/nullptr, Backend.get());
  }

  void Initialize(ASTContext &C) override { Backend->Initialize(C); }
  bool HandleTopLevelDecl(DeclGroupRef D) override {
    return Backend->HandleTopLevelDecl(D);
  }
  void HandleInlineFunctionDefinition(FunctionDecl *D) override {
    Backend->HandleInlineFunctionDefinition(D);
  }
  void HandleInterestingDecl(DeclGroupRef D) override {
    Backend->HandleInterestingDecl(D);
  }
  void HandleTagDeclDefinition(TagDecl *D) override {
    Backend->HandleTagDeclDefinition(D);
  }
  void HandleTagDeclRequiredDefinition(const TagDecl *D) override {
    Backend->HandleTagDeclRequiredDefinition(D);
  }
  void HandleCXXImplicitFunctionInstantiation(FunctionDecl *D) override {
    Backend->HandleCXXImplicitFunctionInstantiation(D);
  }
  void HandleTopLevelDeclInObjCContainer(DeclGroupRef D) override {
    Backend->HandleTopLevelDeclInObjCContainer(D);
  }
  void HandleImplicitImportDecl(ImportDecl *D) override {
    Backend->HandleImplicitImportDecl(D);
  }
  void CompleteTentativeDefinition(VarDecl *D) override {
    Backend->CompleteTentativeDefinition(D);
  }
  void CompleteExternalDeclaration(DeclaratorDecl *D) override {
    Backend->CompleteExternalDeclaration(D);
  }
  void AssignInheritanceModel(CXXRecordDecl *D) override {
    Backend->AssignInheritanceModel(D);
  }
  void HandleCXXStaticMemberVarInstantiation(VarDecl *D) override {
    Backend->HandleCXXStaticMemberVarInstantiation(D);
  }
  void HandleOpenACCRoutineReference(const FunctionDecl *FD,
                                     const OpenACCRoutineDecl *RD) override {
    Backend->HandleOpenACCRoutineReference(FD, RD);
  }
  void HandleVTable(CXXRecordDecl *D) override { Backend->HandleVTable(D); }
  ASTMutationListener *GetASTMutationListener() override {
    return Backend->GetASTMutationListener();
  }
  ASTDeserializationListener *GetASTDeserializationListener() override {
    return Backend->GetASTDeserializationListener();
  }
  void PrintStats() override { Backend->PrintStats(); }
  bool shouldSkipFunctionBody(Decl *D) override {
    return Backend->shouldSkipFunctionBody(D);
  }

private:
  CompilerInstance &CI;
  std::unique_ptr<BackendConsumer> Backend;
};

/// For the consumers that one has inside.
struct Opened : MultiplexConsumer {
  static std::vector<std::unique_ptr<ASTConsumer>> &get(MultiplexConsumer &C) {
    return C.*(&Opened::Consumers);
  }
};

/// Plugins' consumers stand beside the interpreter's, in which clang's is.
bool replaceIn(ASTConsumer &Outer, CompilerInstance &CI) {
  if (!isA(Outer, VtableOfSeveral) && !isA(Outer, VtableOfPrinting))
    return false;
  for (auto &C : Opened::get(static_cast<MultiplexConsumer &>(Outer))) {
    if (!isA(*C, VtableOfBackend)) {
      if (replaceIn(*C, CI))
        return true;
      continue;
    }
    std::unique_ptr<BackendConsumer> Backend(
        static_cast<BackendConsumer *>(C.release()));
    C = std::make_unique<IdleBackend>(CI, std::move(Backend));
    return true;
  }
  return false;
}

} // namespace

bool interp_patches::spareIdleBackend(CompilerInstance &CI) {
  return CI.hasASTConsumer() && replaceIn(CI.getASTConsumer(), CI);
}
