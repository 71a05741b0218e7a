//===-- EmissionChoice.cpp ------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmissionChoice.h"
#include "Session.h"
#include "clang/AST/ASTConsumer.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/DeclGroup.h"
#include "clang/Basic/CodeGenOptions.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Sema/MultiplexExternalSemaSource.h"

using namespace clang;

namespace reopt {

llvm::IntrusiveRefCntPtr<EmissionChoice>
EmissionChoice::install(CompilerInstance &CI, Session &S) {
  ASTContext &Context = CI.getASTContext();
  llvm::IntrusiveRefCntPtr<EmissionChoice> Choice(new EmissionChoice(CI, S));
  // A precompiled header has one, which gives other answers.
  if (auto *Header =
          dyn_cast_or_null<ExternalSemaSource>(Context.getExternalSource()))
    Context.setExternalSource(
        llvm::makeIntrusiveRefCnt<MultiplexExternalSemaSource>(
            Choice, llvm::IntrusiveRefCntPtr<ExternalSemaSource>(Header)));
  else if (!Context.getExternalSource())
    Context.setExternalSource(Choice);
  return Choice;
}

void EmissionChoice::beginInput() {
  Parser = std::this_thread::get_id();
  IsParsing = true;
  Definitions = 0;
  HasAssembly = false;
  FirstOfInput = Waiting.size();
}

bool EmissionChoice::mayWait(const FunctionDecl *FD) const {
  if (FD->isInlined() || FD->isDependentContext() || FD->hasAttrs() ||
      !FD->isExternallyVisible() || FD->isMain() ||
      FD->getTemplateSpecializationKind() != TSK_Undeclared ||
      !FD->doesThisDeclarationHaveABody())
    return false;
  if (auto *Method = dyn_cast<CXXMethodDecl>(FD))
    if (Method->isVirtual() ||
        isa<CXXConstructorDecl, CXXDestructorDecl>(Method))
      return false;
  return llvm::none_of(FD->decls(), [](const Decl *D) {
    auto *Variable = dyn_cast<VarDecl>(D);
    return isa<TagDecl>(D) || (Variable && Variable->isStaticLocal());
  });
}

void EmissionChoice::noteDefinition(const Decl *D) {
  if (IsOffering)
    return;
  offerAgain();
  if (isa<FileScopeAsmDecl>(D) && !std::exchange(HasAssembly, true)) {
    Lost.assign(Waiting.begin() + FirstOfInput, Waiting.end());
    IsParsing = false;
    offerAgain();
    IsParsing = true;
  }
  auto *FD = dyn_cast<FunctionDecl>(D);
  const CodeGenOptions &Opts = CI.getCodeGenOpts();
  if (FD && ++Definitions > size_t(S.Opts.LargeInput) && S.DefersUnused &&
      !HasAssembly && mayWait(FD) &&
      // A debugger and a profile are to know of all functions.
      Opts.getDebugInfo() == llvm::codegenoptions::NoDebugInfo &&
      !Opts.hasProfileClangInstr() && !Opts.hasProfileIRInstr())
    Waiting.insert(FD);
}

void EmissionChoice::beginEmission() {
  offerAgain();
  IsParsing = false;
}

void EmissionChoice::noteRemoval() {
  for (const FunctionDecl *FD : std::exchange(Known, {}))
    if (isDefined(FD))
      Known.insert(FD);
    else
      Lost.push_back(FD);
  // What waits yet is put off once more.
  llvm::append_range(Lost, getUnmentioned());
}

/// CodeGen puts off once more what is inline or waits, and emits the rest.
void EmissionChoice::offerAgain() {
  auto Again = std::exchange(Lost, {});
  IsOffering = true;
  for (const FunctionDecl *FD : Again)
    if (S.Index.isOfSession(FD))
      CI.getASTConsumer().HandleTopLevelDecl(
          DeclGroupRef(const_cast<FunctionDecl *>(FD)));
  IsOffering = false;
}

bool EmissionChoice::isDefined(const FunctionDecl *FD) const {
  bool AreAll = true;
  S.Index.forEachSymbol(FD, [&](llvm::StringRef Name) {
    AreAll = AreAll && S.definesSymbol(Name);
  });
  return AreAll;
}

std::vector<const FunctionDecl *> EmissionChoice::getUnmentioned() const {
  std::vector<const FunctionDecl *> Result;
  for (const FunctionDecl *FD : Waiting)
    if (S.Index.isOfSession(FD) && !isDefined(FD))
      Result.push_back(FD);
  return Result;
}

ExternalASTSource::ExtKind
EmissionChoice::hasExternalDefinitions(const Decl *D) {
  auto *FD = dyn_cast<FunctionDecl>(D);
  if (!FD || Parser != std::this_thread::get_id() || FD->isDependentContext() ||
      !FD->isExternallyVisible())
    return EK_ReplyHazy;
  const FunctionDecl *Definition = nullptr;
  if (!FD->hasBody(Definition))
    return EK_ReplyHazy;
  const bool Waits = Waiting.contains(Definition);
  // CodeGen comes across functions of inputs that are gone by their names.
  if (Waits && (IsParsing || !S.Index.isOfSession(Definition)))
    return EK_Always;
  if (!Waits && !Definition->isInlined() &&
      !Definition->isTemplateInstantiation())
    return EK_ReplyHazy;
  // Closures and local classes have no names of their own.
  if (auto *Method = dyn_cast<CXXMethodDecl>(FD))
    if (Method->getParent()->isLambda() || Method->getParent()->isLocalClass())
      return EK_ReplyHazy;
  if (Known.contains(Definition))
    return EK_Always;
  if (!isDefined(Definition))
    return EK_ReplyHazy;
  Known.insert(Definition);
  return EK_Always;
}

} // namespace reopt
