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
#include "clang/AST/DynamicRecursiveASTVisitor.h"
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
  HasFailed |= std::exchange(IsPending, true);
  Parser = std::this_thread::get_id();
  IsParsing = true;
  Definitions = 0;
  HasAssembly = false;
  ++Input;
  Undefined.clear();
  FirstOfInput = Waiting.size();
}

namespace {

/// Finds in a body what is not there whoever uses it first: what is inline,
/// static or an instance of a template comes with its first user, and a
/// variable of that kind would lose its value when that is undone. What a
/// library has of these is left out of account.
class DependenceFinder : public DynamicRecursiveASTVisitor {
public:
  explicit DependenceFinder(const SourceManager &Sources) : Sources(Sources) {
    ShouldVisitImplicitCode = true;
    ShouldWalkTypesOfTypeLocs = false;
  }

  // Each ends the search with false.
  bool VisitDeclRefExpr(DeclRefExpr *E) override {
    return !comesWithUser(E->getDecl());
  }
  bool VisitMemberExpr(MemberExpr *E) override {
    return !comesWithUser(E->getMemberDecl());
  }
  bool VisitCXXConstructExpr(CXXConstructExpr *E) override {
    return !comesWithUser(E->getConstructor());
  }
  bool VisitCXXInheritedCtorInitExpr(CXXInheritedCtorInitExpr *E) override {
    return !comesWithUser(E->getConstructor());
  }
  bool VisitCXXNewExpr(CXXNewExpr *E) override {
    return !comesWithUser(E->getOperatorNew()) &&
           !comesWithUser(E->getOperatorDelete());
  }
  bool VisitCXXDeleteExpr(CXXDeleteExpr *E) override {
    return !comesWithUser(E->getOperatorDelete()) &&
           !hasOwnDestructor(E->getDestroyedType());
  }
  bool VisitLambdaExpr(LambdaExpr *) override { return false; }
  bool VisitExpr(Expr *E) override { return !hasOwnDestructor(E->getType()); }
  bool VisitVarDecl(VarDecl *D) override {
    return !hasOwnDestructor(D->getType());
  }

private:
  bool comesWithUser(const Decl *D) const {
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
  }

  bool hasOwnDestructor(QualType Ty) const {
    const CXXRecordDecl *Class =
        Ty.isNull() ? nullptr
                    : Ty->getBaseElementTypeUnsafe()->getAsCXXRecordDecl();
    return Class && Class->hasDefinition() &&
           Class->hasNonTrivialDestructor() &&
           !Sources.isInSystemHeader(Class->getLocation());
  }

  const SourceManager &Sources;
};

} // namespace

/// Whether CodeGen has put off a function under the name of \p FD that was
/// undone since. When something mentions that name, it looks for a definition
/// of the old one, and throws away a new one that has another type. It does not
/// if the new one is put off, too, and so comes behind it.
bool EmissionChoice::replacesGone(const FunctionDecl *FD) {
  if (GoneNames.empty() || FD->isDependentContext() || FD->hasAttrs() ||
      !FD->isExternallyVisible() || FD->isInlined() ||
      !FD->doesThisDeclarationHaveABody())
    return false;
  bool Is = false;
  S.Index.forEachSymbol(
      FD, [&](llvm::StringRef Name) { Is |= GoneNames.contains(Name); });
  return Is;
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
         DependenceFinder(CI.getSourceManager()).TraverseStmt(FD->getBody());
}

void EmissionChoice::noteDefinition(const Decl *D) {
  if (IsOffering)
    return;
  if (std::exchange(HasFailed, false))
    noteRemoval();
  else if (FirstUnchecked < FirstOfInput)
    dropGone(FirstUnchecked);
  offerAgain();
  if (isa<FileScopeAsmDecl>(D) && !std::exchange(HasAssembly, true)) {
    Lost.insert(Lost.end(), Waiting.begin() + FirstOfInput, Waiting.end());
    IsParsing = false;
    offerAgain();
    IsParsing = true;
  }
  auto *FD = dyn_cast<FunctionDecl>(D);
  if (FD && replacesGone(FD))
    Waiting.insert(FD);
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

/// Takes what was undone, or is of an input that failed, out of those that wait
/// from \p First on.
void EmissionChoice::dropGone(size_t First) {
  size_t Number = 0;
  Waiting.remove_if([&](const FunctionDecl *FD) {
    if (Number++ < First || S.Index.isOfSession(FD))
      return false;
    Gone.insert(FD);
    S.Index.forEachSymbol(
        FD, [&](llvm::StringRef Name) { GoneNames.insert(Name); });
    return true;
  });
  FirstUnchecked = FirstOfInput = Waiting.size();
}

void EmissionChoice::noteRemoval() {
  dropGone(0);
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
  // After an error it takes nothing.
  if (CI.getDiagnostics().hasErrorOccurred())
    return;
  auto Again = std::exchange(Lost, {});
  IsOffering = true;
  for (const FunctionDecl *FD : Again)
    // An explicit instantiation would be emitted now, for no one, and be in the
    // way of what is instantiated in its place.
    if (S.Index.canBeNamed(FD) && FD->getTemplateSpecializationKind() !=
                                      TSK_ExplicitInstantiationDefinition)
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
    if (!isDefined(FD))
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
  if (Gone.contains(Definition)) {
    // It has come across this one.
    if (!IsParsing)
      S.Index.forEachSymbol(
          Definition, [&](llvm::StringRef Name) { GoneNames.erase(Name); });
    return EK_Always;
  }
  if (Waits && IsParsing)
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
