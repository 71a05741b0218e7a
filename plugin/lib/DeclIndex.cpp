//===-- DeclIndex.cpp -----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeclIndex.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/Attr.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/DynamicRecursiveASTVisitor.h"
#include "clang/AST/Mangle.h"
#include "clang/Basic/SourceManager.h"

using namespace clang;

namespace reopt {

DeclIndex::DeclIndex() = default;
DeclIndex::~DeclIndex() = default;

void DeclIndex::initialize(ASTContext &Ctx) {
  Context = &Ctx;
  Mangler.reset(Ctx.createMangleContext());
}

/// Whether \p D is in one of the namespaces that a library inliner knows by
/// their names.
static bool isNamedLikeLibrary(const Decl *D) {
  const NamespaceDecl *Outermost = nullptr;
  for (const DeclContext *In = D->getDeclContext(); In; In = In->getParent())
    if (auto *Namespace = dyn_cast<NamespaceDecl>(In))
      Outermost = Namespace;
  return Outermost && (Outermost->isStdNamespace() ||
                       (Outermost->getIdentifier() &&
                        Outermost->getIdentifier()->isStr("__gnu_cxx")));
}

void DeclIndex::note(Decl *D) {
  ++Changes;
  Noted.push_back(D);
  if (auto *FD = dyn_cast<FunctionDecl>(D)) {
    Recent.push_back(FD);
    if (isNamedLikeLibrary(FD) && !FD->isDependentContext() &&
        (FD->hasAttr<NoInlineAttr>() || isOfUser(FD)))
      KeptOfLibrary.push_back(FD);
  } else if (auto *VD = dyn_cast<VarDecl>(D))
    noteVariable(VD);
  else if (auto *Statement = dyn_cast<TopLevelStmtDecl>(D))
    RecentStatements.push_back(Statement);
  else if (isa<NamespaceDecl, LinkageSpecDecl, ExportDecl>(D))
    RecentContexts.push_back(D);
}

void DeclIndex::noteVariable(const VarDecl *VD) {
  const CXXRecordDecl *Class = VD->getType()->getAsCXXRecordDecl();
  if (!Class || !Class->isLambda() || Class->isDependentContext())
    return;
  std::string Type;
  llvm::raw_string_ostream OS(Type);
  Mangler->mangleCanonicalTypeName(VD->getType().getUnqualifiedType(), OS);
  llvm::StringRef Name = Type;
  Name.consume_front("_ZTS");
  if (Name.consume_front("N"))
    Name.consume_back("E");
  ClosureVariables.push_back({VD, Name.str()});
}

llvm::StringRef
DeclIndex::findClosureVariable(llvm::StringRef LinkerName) const {
  for (auto &[Variable, MangledClass] : llvm::reverse(ClosureVariables))
    if (size_t At = LinkerName.find(MangledClass);
        At != llvm::StringRef::npos &&
        LinkerName.substr(At + MangledClass.size()).starts_with("cl") &&
        isLive(Variable))
      return Variable->getName();
  return {};
}

/// Those of namespaces and the like; members of classes are noted by
/// themselves.
static void addFunctionsIn(const DeclContext *DC,
                           std::vector<const FunctionDecl *> &Functions) {
  for (const Decl *D : DC->decls()) {
    if (auto *FD = dyn_cast<FunctionDecl>(D))
      Functions.push_back(FD);
    else if (isa<NamespaceDecl, LinkageSpecDecl, ExportDecl>(D))
      addFunctionsIn(cast<DeclContext>(D), Functions);
  }
}

std::vector<std::string>
DeclIndex::acceptInput(const TranslationUnitDecl *TU, llvm::StringRef Module,
                       std::vector<StatementFunction> Functions) {
  std::vector<std::string> Names;
  ++Changes;
  Accepted.insert(TU);
  Accepted.insert(TU->getFirstDecl());
  // Those of inputs that failed are left out.
  auto Mine = std::exchange(RecentStatements, {});
  llvm::erase_if(Mine, [&](const TopLevelStmtDecl *S) {
    return !Accepted.contains(S->getTranslationUnitDecl());
  });
  if (!Mine.empty())
    Statements[Module] = std::move(Mine);
  // Mostly one function runs all of them.
  if (Functions.size() > 1)
    StatementFunctions[Module] = std::move(Functions);
  auto IsDefinedTwice = [&](const FunctionDecl *FD) {
    return llvm::any_of(FD->redecls(), [&](const FunctionDecl *Redecl) {
      return Redecl->doesThisDeclarationHaveABody() && isLive(Redecl) &&
             Accepted.contains(Redecl->getTranslationUnitDecl());
    });
  };
  auto Latest = std::exchange(Recent, {});
  for (const Decl *D : std::exchange(RecentContexts, {}))
    if (!Accepted.contains(D->getTranslationUnitDecl()))
      addFunctionsIn(cast<DeclContext>(D), Latest);
  for (const FunctionDecl *FD : Latest) {
    const TranslationUnitDecl *Mine = FD->getTranslationUnitDecl();
    // What is inline merges with its namesake anyway. A second definition is
    // the error, and the first is there.
    if (Accepted.contains(Mine) || FD->isDependentContext() ||
        FD->isInlined() || !FD->doesThisDeclarationHaveABody() ||
        FD->isInvalidDecl() || IsDefinedTwice(FD) ||
        isa<CXXConstructorDecl, CXXDestructorDecl>(FD))
      continue;
    Names.push_back(mangle(GlobalDecl(FD)));
    Undone.insert(Mine);
  }
  // One that was put off (EmissionChoice) is not in the module, and may have
  // been defined anew.
  if (!Names.empty())
    for (const FunctionDecl *FD : Latest)
      if (isLive(FD) && !FD->isDependentContext() && !FD->isInlined())
        forEachSymbol(FD,
                      [&](llvm::StringRef Name) { llvm::erase(Names, Name); });
  return Names;
}

void DeclIndex::noteClass(CXXRecordDecl *D) {
  ++Changes;
  Classes.push_back(D);
}

NamespaceDecl *DeclIndex::createNamespace(DeclContext *In, llvm::StringRef Name,
                                          NamespaceDecl *Before) {
  auto *Result = NamespaceDecl::Create(
      *Context, In, /*Inline=*/false, SourceLocation(), SourceLocation(),
      &Context->Idents.get(Name), Before, /*Nested=*/false);
  Result->setImplicit();
  return Result;
}

NamespaceDecl *DeclIndex::getPrompt() {
  TranslationUnitDecl *TU = Context->getTranslationUnitDecl();
  if (!Prompt || Prompt->getDeclContext() != TU)
    Prompt = createNamespace(TU, "prompt", Prompt);
  return Prompt;
}

/// Has \p D mangled as a member of \p Home. It stays where it was written.
static void moveForMangling(TagDecl *D, DeclContext *Home) {
  DeclContext *Lexical = D->getLexicalDeclContext();
  D->setDeclContext(Home);
  D->setLexicalDeclContext(Lexical);
}

void DeclIndex::moveLocalType(TagDecl *D) {
  auto *Statement = dyn_cast<TopLevelStmtDecl>(D->getDeclContext());
  if (!Statement)
    return;
  // Statements are parsed one after the other.
  if (HomeOf != Statement) {
    HomeOf = Statement;
    Home = createNamespace(getPrompt(), "s" + std::to_string(++LastHome),
                           /*Before=*/nullptr);
  }
  moveForMangling(D, Home);
}

void DeclIndex::numberClosure(CXXRecordDecl *D) {
  if (!D->isLambda() || D->getLambdaManglingNumber() != 0 ||
      D->isDependentContext())
    return;
  CXXRecordDecl::LambdaNumbering Numbering = D->getLambdaNumbering();
  Numbering.ManglingNumber = ++LastClosure;
  if (isa<TopLevelStmtDecl, TranslationUnitDecl>(D->getDeclContext()))
    moveForMangling(D, getPrompt());
  // Its linkage stays what it would be without a number.
  Numbering.HasKnownInternalLinkage = true;
  D->setLambdaNumbering(Numbering);
}

void DeclIndex::clear() {
  Mangler.reset();
  Context = nullptr;
  Prompt = Home = nullptr;
  HomeOf = nullptr;
  Noted.clear();
  Recent.clear();
  RecentStatements.clear();
  RecentContexts.clear();
  KeptOfLibrary.clear();
  KeptNames.clear();
  Statements.clear();
  StatementFunctions.clear();
  ClosureVariables.clear();
  Unused.clear();
  Classes.clear();
  Mangled.clear();
  ByName.clear();
}

bool DeclIndex::isLive(const Decl *D) const {
  return !Undone.contains(D->getTranslationUnitDecl());
}

bool DeclIndex::isOfSession(const Decl *D) const {
  const TranslationUnitDecl *TU = D->getTranslationUnitDecl();
  return isLive(D) &&
         (Accepted.contains(TU) || TU == Context->getTranslationUnitDecl());
}

bool DeclIndex::areOfSession(llvm::ArrayRef<TemplateArgument> Args) const {
  struct Finder : DynamicRecursiveASTVisitor {
    explicit Finder(const DeclIndex &Index) : Index(Index) {}
    bool VisitTagType(TagType *Ty) override {
      auto *Instance = dyn_cast<ClassTemplateSpecializationDecl>(Ty->getDecl());
      return Index.isOfSession(Ty->getDecl()) &&
             (!Instance ||
              Index.areOfSession(Instance->getTemplateArgs().asArray()));
    }
    const DeclIndex &Index;
  } Types(*this);
  return llvm::all_of(Args, [&](const TemplateArgument &Arg) {
    switch (Arg.getKind()) {
    case TemplateArgument::Type:
      return Types.TraverseType(Arg.getAsType().getCanonicalType());
    case TemplateArgument::Declaration:
      return isOfSession(Arg.getAsDecl());
    case TemplateArgument::Template:
      return isOfSession(Arg.getAsTemplate().getAsTemplateDecl());
    case TemplateArgument::Pack:
      return areOfSession(Arg.getPackAsArray());
    default:
      return true;
    }
  });
}

bool DeclIndex::canBeNamed(const FunctionDecl *FD) const {
  if (!isOfSession(FD))
    return false;
  if (auto *Args = FD->getTemplateSpecializationArgs();
      Args && !areOfSession(Args->asArray()))
    return false;
  for (const DeclContext *In = FD->getDeclContext(); In; In = In->getParent())
    if (auto *Class = dyn_cast<ClassTemplateSpecializationDecl>(In);
        Class && !areOfSession(Class->getTemplateArgs().asArray()))
      return false;
  return true;
}

const llvm::StringSet<> &DeclIndex::getKeptOfLibrary() {
  for (const FunctionDecl *FD : std::exchange(KeptOfLibrary, {}))
    forEachSymbol(FD, [&](llvm::StringRef Name) { KeptNames.insert(Name); });
  return KeptNames;
}

void DeclIndex::forget(const TranslationUnitDecl *TU) {
  Undone.insert(TU);
  for (auto I = ByName.begin(); I != ByName.end();) {
    auto Next = std::next(I);
    if (!isLive(I->second.getDecl()))
      ByName.erase(I);
    I = Next;
  }
}

llvm::ArrayRef<TopLevelStmtDecl *>
DeclIndex::findStatements(llvm::StringRef Module) const {
  auto I = Statements.find(Module);
  if (I == Statements.end() || !isLive(I->second.front()))
    return {};
  return I->second;
}

llvm::ArrayRef<StatementFunction>
DeclIndex::findStatementFunctions(llvm::StringRef Module) const {
  auto I = StatementFunctions.find(Module);
  if (I == StatementFunctions.end())
    return {};
  return I->second;
}

const FunctionDecl *DeclIndex::getLiveDefinition(const FunctionDecl *FD) const {
  for (const FunctionDecl *Redecl : FD->redecls())
    if (Redecl->doesThisDeclarationHaveABody() && isLive(Redecl))
      return Redecl;
  return nullptr;
}

bool DeclIndex::isOfUser(const Decl *D) const {
  const SourceManager &Files = Context->getSourceManager();
  const SourceLocation Where = Files.getExpansionLoc(D->getLocation());
  return Where.isValid() && !Files.isLoadedSourceLocation(Where) &&
         !Files.isInSystemHeader(Where);
}

std::string DeclIndex::mangle(GlobalDecl GD) {
  auto *ND = cast<NamedDecl>(GD.getDecl());
  std::string Name;
  llvm::raw_string_ostream OS(Name);
  if (Mangler->shouldMangleDeclName(ND))
    Mangler->mangleName(GD, OS);
  else if (ND->getIdentifier())
    OS << ND->getIdentifier()->getName();
  // The back end drops this mark and takes the rest as it is.
  if (!Name.empty() && Name.front() == '\1')
    Name.erase(0, 1);
  return Name;
}

/// Calls \p Visit with each of what has a symbol of its own of \p FD.
static void forEachVariant(const FunctionDecl *FD,
                           llvm::function_ref<void(GlobalDecl)> Visit) {
  if (auto *Ctor = dyn_cast<CXXConstructorDecl>(FD)) {
    Visit(GlobalDecl(Ctor, Ctor_Complete));
    Visit(GlobalDecl(Ctor, Ctor_Base));
  } else if (auto *Dtor = dyn_cast<CXXDestructorDecl>(FD)) {
    Visit(GlobalDecl(Dtor, Dtor_Complete));
    Visit(GlobalDecl(Dtor, Dtor_Base));
    if (Dtor->isVirtual())
      Visit(GlobalDecl(Dtor, Dtor_Deleting));
  } else {
    Visit(GlobalDecl(FD));
  }
}

void DeclIndex::forEachSymbol(const FunctionDecl *FD,
                              llvm::function_ref<void(llvm::StringRef)> Visit) {
  forEachVariant(FD, [&](GlobalDecl GD) { Visit(mangle(GD)); });
}

void DeclIndex::addFunction(const FunctionDecl *FD) {
  if (Mangled.insert(FD).second)
    forEachVariant(FD, [&](GlobalDecl GD) { ByName[mangle(GD)] = GD; });
}

std::optional<GlobalDecl> DeclIndex::find(llvm::StringRef Name,
                                          llvm::function_ref<bool()> Yield) {
  if (!Yield() || !Context)
    return std::nullopt;
  auto Known = [&]() -> std::optional<GlobalDecl> {
    auto I = ByName.find(Name);
    return I == ByName.end() ? std::nullopt : std::optional(I->second);
  };
  if (auto GD = Known())
    return GD;
  if (SearchedAt == Changes)
    return std::nullopt;
  const uint64_t Now = Changes;

  // Since the AST may change at each Yield, take the lists first.
  for (Decl *D : std::exchange(Noted, {})) {
    if (auto *FD = dyn_cast<FunctionDecl>(D))
      Unused.push_back(FD);
    else if (auto *Inner = dyn_cast<DeclContext>(D))
      addFunctionsIn(Inner, Unused);
  }
  auto Candidates = std::exchange(Unused, {});
  unsigned Count = 0;
  for (size_t I = 0; I < Candidates.size(); ++I) {
    const FunctionDecl *FD = Candidates[I];
    if (FD->isDependentContext() || !isLive(FD) ||
        !FD->doesThisDeclarationHaveABody())
      continue;
    // What nothing has used has no symbol yet, and headers are full of it.
    if (!FD->isUsed(/*CheckUsedAttr=*/false) && !FD->isReferenced() &&
        (FD->isInlined() || FD->getStorageClass() == SC_Static)) {
      Unused.push_back(FD);
      continue;
    }
    addFunction(FD);
    if (++Count % 64 == 0 && !Yield()) {
      Unused.insert(Unused.end(), Candidates.begin() + I + 1, Candidates.end());
      return std::nullopt;
    }
  }
  if (auto GD = Known())
    return GD;

  for (size_t I = 0; I < Classes.size(); ++I) {
    const CXXRecordDecl *RD = Classes[I];
    if (RD->isDependentContext() || !isLive(RD))
      continue;
    for (const CXXMethodDecl *MD : RD->methods())
      if (MD->doesThisDeclarationHaveABody() && !MD->isDependentContext() &&
          (MD->isUsed(/*CheckUsedAttr=*/false) || MD->isReferenced()))
        addFunction(MD);
    if (++Count % 64 == 0 && !Yield())
      return std::nullopt;
  }
  SearchedAt = Now;
  return Known();
}

} // namespace reopt
