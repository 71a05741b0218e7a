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
#include "clang/AST/ExprCXX.h"
#include "clang/Basic/CodeGenOptions.h"
#include "clang/Basic/SourceManager.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Sema/MultiplexExternalSemaSource.h"

using namespace clang;

namespace reopt {

namespace {

/// A precompiled header's or modules' source behind ours. Of several sources
/// clang's takes an answer of EK_Always for none, since it is zero.
class WithOther : public MultiplexExternalSemaSource {
public:
  WithOther(llvm::IntrusiveRefCntPtr<EmissionChoice> Ours,
            llvm::IntrusiveRefCntPtr<ExternalSemaSource> Other)
      : MultiplexExternalSemaSource(Ours, std::move(Other)),
        Ours(std::move(Ours)) {}

  ExtKind hasExternalDefinitions(const Decl *D) override {
    return Ours->hasExternalDefinitions(D) == EK_Always
               ? EK_Always
               : MultiplexExternalSemaSource::hasExternalDefinitions(D);
  }

private:
  llvm::IntrusiveRefCntPtr<EmissionChoice> Ours;
};

} // namespace

llvm::IntrusiveRefCntPtr<EmissionChoice>
EmissionChoice::install(CompilerInstance &CI, Session &S) {
  ASTContext &Context = CI.getASTContext();
  llvm::IntrusiveRefCntPtr<EmissionChoice> Choice(new EmissionChoice(CI, S));
  if (auto *Other =
          dyn_cast_or_null<ExternalSemaSource>(Context.getExternalSource()))
    Context.setExternalSource(llvm::makeIntrusiveRefCnt<WithOther>(
        Choice, llvm::IntrusiveRefCntPtr<ExternalSemaSource>(Other)));
  else if (!Context.getExternalSource())
    Context.setExternalSource(Choice);
  return Choice;
}

void EmissionChoice::beginInput() {
  Parser = std::this_thread::get_id();
  IsParsing = true;
  Definitions = 0;
  HasAssembly = false;
  ++Input;
  Undefined.clear();
  FirstOfInput = Waiting.size();
}

/// Whether \p Body has only what is there whoever uses it first: what is
/// inline, static or an instance of a template comes with its first user, and a
/// variable of that kind would lose its value when that is undone. What a
/// library has of these is left out of account.
static bool isIndependent(const Stmt *Body, const SourceManager &Sources) {
  auto ComesWithUser = [&](const Decl *D) {
    if (!D || Sources.isInSystemHeader(D->getLocation()))
      return false;
    if (auto *Variable = dyn_cast<VarDecl>(D))
      return Variable->hasGlobalStorage() &&
             (!Variable->isExternallyVisible() || Variable->isInline() ||
              Variable->getTemplateSpecializationKind() != TSK_Undeclared);
    auto *Function = dyn_cast<FunctionDecl>(D);
    return Function &&
           (!Function->isExternallyVisible() || Function->isInlined() ||
            Function->isTemplateInstantiation());
  };
  auto HasOwnDestructor = [&](QualType Ty) {
    const CXXRecordDecl *Class =
        Ty->getBaseElementTypeUnsafe()->getAsCXXRecordDecl();
    return Class && Class->hasDefinition() &&
           Class->hasNonTrivialDestructor() &&
           !Sources.isInSystemHeader(Class->getLocation());
  };
  llvm::SmallVector<const Stmt *, 32> Work{Body};
  while (!Work.empty()) {
    const Stmt *S = Work.pop_back_val();
    if (!S)
      continue;
    if (auto *Name = dyn_cast<DeclRefExpr>(S);
        Name && ComesWithUser(Name->getDecl()))
      return false;
    if (auto *Member = dyn_cast<MemberExpr>(S);
        Member && ComesWithUser(Member->getMemberDecl()))
      return false;
    if (auto *Made = dyn_cast<CXXConstructExpr>(S);
        Made && ComesWithUser(Made->getConstructor()))
      return false;
    if (isa<LambdaExpr>(S))
      return false;
    if (auto *E = dyn_cast<Expr>(S); E && HasOwnDestructor(E->getType()))
      return false;
    if (auto *Declared = dyn_cast<DeclStmt>(S))
      for (const Decl *D : Declared->decls())
        if (auto *Variable = dyn_cast<VarDecl>(D);
            Variable && HasOwnDestructor(Variable->getType()))
          return false;
    llvm::append_range(Work, S->children());
  }
  return true;
}

bool EmissionChoice::mayWait(const FunctionDecl *FD) const {
  // What was declared by an earlier input may have been mentioned there.
  auto GetInput = [](const Decl *D) {
    return Decl::castFromDeclContext(D->getLexicalDeclContext())
        ->getTranslationUnitDecl();
  };
  if (GetInput(FD->getFirstDecl()) != GetInput(FD))
    return false;
  if (FD->isInlined() || FD->isDependentContext() || FD->hasAttrs() ||
      !FD->isExternallyVisible() || FD->isMain() ||
      FD->getTemplateSpecializationKind() != TSK_Undeclared ||
      !FD->doesThisDeclarationHaveABody())
    return false;
  if (auto *Method = dyn_cast<CXXMethodDecl>(FD))
    if (Method->isVirtual() ||
        isa<CXXConstructorDecl, CXXDestructorDecl>(Method))
      return false;
  return llvm::none_of(FD->decls(),
                       [](const Decl *D) {
                         auto *Variable = dyn_cast<VarDecl>(D);
                         return isa<TagDecl>(D) ||
                                (Variable && Variable->isStaticLocal());
                       }) &&
         isIndependent(FD->getBody(), CI.getSourceManager());
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
  // What the session has, an input has brought, which asked. To find out costs
  // a name, and CodeGen asks several times.
  const unsigned Since =
      FirstAsked.try_emplace(Definition, Input).first->second;
  if (Since == Input || Undefined.contains(Definition))
    return EK_ReplyHazy;
  const bool IsKnown = isDefined(Definition);
  (IsKnown ? Known : Undefined).insert(Definition);
  return IsKnown ? EK_Always : EK_ReplyHazy;
}

} // namespace reopt
