//===-- DefinitionEmitter.cpp ---------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DefinitionEmitter.h"
#include "UnstableTypes.h"
#include "reopt/ModuleExtractor.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/DeclGroup.h"
#include "clang/Basic/DiagnosticOptions.h"
#include "clang/Basic/TargetInfo.h"
#include "clang/CodeGen/ModuleBuilder.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/CompilerInvocation.h"
#include "clang/Lex/HeaderSearchOptions.h"
#include "clang/Lex/PreprocessorOptions.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"

using namespace clang;

namespace reopt {

namespace {

/// The session's arguments to cc1 with what -O3 makes of them in the driver.
/// Parsing them again sets every option that depends on the level, as clang
/// itself would; setting OptimizationLevel in a copy does not.
std::vector<std::string> getOptimizingArguments(CompilerInstance &Host) {
  std::vector<std::string> Result;
  auto Args = Host.getInvocation().getCC1CommandLine();
  for (size_t I = 0; I < Args.size(); ++I) {
    llvm::StringRef Arg = Args[I];
    if (Arg == "-load" || Arg == "-add-plugin" || Arg == "-plugin" ||
        Arg.starts_with("-plugin-arg-") || Arg == "-include" ||
        Arg == "-include-pch") {
      ++I;
      continue;
    }
    if (Arg.starts_with("-O") || Arg.starts_with("-fpass-plugin=") ||
        Arg.starts_with("-mframe-pointer=") ||
        // It makes a destructor that does the same as another one vanish, and a
        // hot function has to come out under its own name.
        Arg == "-mconstructor-aliases")
      continue;
    Result.push_back(Args[I]);
  }
  for (const char *Arg :
       {"-O3", "-vectorize-loops", "-vectorize-slp", "-mframe-pointer=none",
        // Where the linker puts a loop by chance, its jumps may cross a cache
        // line: the same code took 650 and 850 ms.
        "-falign-loops=64",
        // As ORC's target machines have it: tier 0's thread-locals are so.
        "-femulated-tls"})
    Result.push_back(Arg);
  return Result;
}

/// The variant of \p FD (complete, base, deleting) that mangles to \p Name.
GlobalDecl getVariant(CodeGenerator &Gen, const FunctionDecl *FD,
                      llvm::StringRef Name) {
  auto Match = [&](GlobalDecl GD) { return Gen.GetMangledName(GD) == Name; };
  if (auto *Ctor = dyn_cast<CXXConstructorDecl>(FD)) {
    for (CXXCtorType T : {Ctor_Complete, Ctor_Base})
      if (Match(GlobalDecl(Ctor, T)))
        return GlobalDecl(Ctor, T);
    return GlobalDecl();
  }
  if (auto *Dtor = dyn_cast<CXXDestructorDecl>(FD)) {
    for (CXXDtorType T : {Dtor_Complete, Dtor_Base})
      if (Match(GlobalDecl(Dtor, T)))
        return GlobalDecl(Dtor, T);
    if (Dtor->isVirtual() && Match(GlobalDecl(Dtor, Dtor_Deleting)))
      return GlobalDecl(Dtor, Dtor_Deleting);
    return GlobalDecl();
  }
  return GlobalDecl(FD);
}

llvm::Type *translate(llvm::Type *Ty, llvm::LLVMContext &Ctx) {
  using llvm::Type;
  switch (Ty->getTypeID()) {
  case Type::VoidTyID:
  case Type::HalfTyID:
  case Type::BFloatTyID:
  case Type::FloatTyID:
  case Type::DoubleTyID:
  case Type::X86_FP80TyID:
  case Type::FP128TyID:
    return Type::getPrimitiveType(Ctx, Ty->getTypeID());
  case Type::IntegerTyID:
    return llvm::IntegerType::get(Ctx, Ty->getIntegerBitWidth());
  case Type::PointerTyID:
    return llvm::PointerType::get(Ctx, Ty->getPointerAddressSpace());
  case Type::FixedVectorTyID: {
    auto *V = llvm::cast<llvm::FixedVectorType>(Ty);
    llvm::Type *E = translate(V->getElementType(), Ctx);
    return E ? llvm::FixedVectorType::get(E, V->getNumElements()) : nullptr;
  }
  case Type::ArrayTyID: {
    llvm::Type *E = translate(Ty->getArrayElementType(), Ctx);
    return E ? llvm::ArrayType::get(E, Ty->getArrayNumElements()) : nullptr;
  }
  case Type::StructTyID: {
    auto *S = llvm::cast<llvm::StructType>(Ty);
    if (!S->isLiteral())
      return nullptr;
    llvm::SmallVector<Type *, 4> Elements;
    for (Type *E : S->elements())
      if (Type *T = translate(E, Ctx))
        Elements.push_back(T);
      else
        return nullptr;
    return llvm::StructType::get(Ctx, Elements, S->isPacked());
  }
  default:
    return nullptr;
  }
}

} // namespace

llvm::FunctionType *translateType(llvm::FunctionType *Ty,
                                  llvm::LLVMContext &Ctx) {
  llvm::Type *Return = translate(Ty->getReturnType(), Ctx);
  if (!Return)
    return nullptr;
  llvm::SmallVector<llvm::Type *, 8> Params;
  for (llvm::Type *P : Ty->params())
    if (llvm::Type *T = translate(P, Ctx))
      Params.push_back(T);
    else
      return nullptr;
  return llvm::FunctionType::get(Return, Params, Ty->isVarArg());
}

std::vector<KnownFunction> getKnownFunctions(const llvm::Function &F) {
  std::vector<KnownFunction> Result;
  llvm::SmallPtrSet<const llvm::Function *, 16> Seen;
  for (const llvm::Instruction &I : llvm::instructions(F))
    for (const llvm::Value *Op : I.operands())
      if (auto *Mentioned = llvm::dyn_cast<llvm::Function>(Op))
        if (Mentioned != &F && !Mentioned->isIntrinsic() &&
            Seen.insert(Mentioned).second)
          Result.push_back(
              {Mentioned->getName().str(), Mentioned->getFunctionType()});
  return Result;
}

std::unique_ptr<CompilerInstance>
createOptimizingInstance(CompilerInstance &Host) {
  auto Args = getOptimizingArguments(Host);
  llvm::SmallVector<const char *, 64> Argv;
  for (auto &Arg : Args)
    Argv.push_back(Arg.c_str());

  auto Invocation = std::make_shared<CompilerInvocation>();
  DiagnosticOptions DiagOpts;
  IgnoringDiagConsumer Ignore;
  DiagnosticsEngine Diags(DiagnosticIDs::create(), DiagOpts, &Ignore,
                          /*ShouldOwnClient=*/false);
  if (!CompilerInvocation::CreateFromArgs(*Invocation, Argv, Diags))
    return nullptr;
  auto CI = std::make_unique<CompilerInstance>(std::move(Invocation));
  CI->createVirtualFileSystem();
  CI->createDiagnostics(new IgnoringDiagConsumer, /*ShouldOwnClient=*/true);
  if (!CI->createTarget())
    return nullptr;
  // One diagnostic less to make for each remark of the optimiser.
  CI->getCodeGenOpts().DiscardValueNames = true;
  CI->getCodeGenOpts().ClearASTBeforeBackend = false;
  return CI;
}

std::unique_ptr<CodeGenerator>
DefinitionEmitter::start(ASTContext &AST, llvm::LLVMContext &Ctx,
                         llvm::ArrayRef<KnownFunction> Known,
                         llvm::function_ref<bool(llvm::StringRef)> IsWanted) {
  CI.getDiagnostics().Reset(/*soft=*/true);
  auto Gen =
      CreateLLVMCodeGen(CI.getDiagnostics(), "reopt.emitted",
                        llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem>(
                            &CI.getVirtualFileSystem()),
                        CI.getHeaderSearchOpts(), CI.getPreprocessorOpts(),
                        CI.getCodeGenOpts(), Ctx);
  Gen->Initialize(AST);
  for (auto &[Name, Type] : Known)
    if (!IsWanted(Name) && !Gen->GetModule()->getFunction(Name))
      llvm::Function::Create(Type, llvm::GlobalValue::ExternalLinkage, Name,
                             Gen->GetModule());
  return Gen;
}

llvm::Expected<EmittedDefinitions> DefinitionEmitter::emit(
    ASTContext &AST, llvm::ArrayRef<NamedFunction> Definitions,
    llvm::LLVMContext &Ctx, llvm::ArrayRef<KnownFunction> Known,
    llvm::function_ref<bool(const llvm::Function &)> Keep) {
  llvm::StringSet<> Wanted;
  for (auto &D : Definitions)
    Wanted.insert(D.Name);
  auto Gen = start(AST, Ctx, Known,
                   [&](llvm::StringRef Name) { return Wanted.contains(Name); });
  for (auto &D : Definitions)
    Gen->HandleTopLevelDecl(DeclGroupRef(
        const_cast<FunctionDecl *>(cast<FunctionDecl>(D.Decl.getDecl()))));
  // An inline definition that nothing in its module uses is left out otherwise.
  for (auto &D : Definitions)
    Gen->GetAddrOfGlobal(D.Decl, /*isForDefinition=*/true);
  return finish(*Gen, AST, Keep);
}

llvm::Expected<EmittedDefinitions> DefinitionEmitter::emitFrame(
    ASTContext &AST, GlobalDecl Function,
    llvm::ArrayRef<TopLevelStmtDecl *> Statements, llvm::LLVMContext &Ctx,
    llvm::ArrayRef<KnownFunction> Known,
    llvm::function_ref<bool(const llvm::Function &)> Keep) {
  CodeGenOptions &Opts = CI.getCodeGenOpts();
  llvm::scope_exit Restore([&, Before = Opts.DisableLifetimeMarkers] {
    Opts.DisableLifetimeMarkers = Before;
  });
  Opts.DisableLifetimeMarkers = true;
  auto Gen = start(AST, Ctx, Known, [](llvm::StringRef) { return false; });
  for (TopLevelStmtDecl *Statement : Statements)
    Gen->HandleTopLevelDecl(DeclGroupRef(Statement));
  if (auto *FD = llvm::cast_or_null<FunctionDecl>(Function.getDecl())) {
    Gen->HandleTopLevelDecl(DeclGroupRef(const_cast<FunctionDecl *>(FD)));
    Gen->GetAddrOfGlobal(Function, /*isForDefinition=*/true);
  }
  return finish(*Gen, AST, Keep);
}

llvm::Expected<EmittedDefinitions> DefinitionEmitter::finish(
    CodeGenerator &Gen, ASTContext &AST,
    llvm::function_ref<bool(const llvm::Function &)> Keep) {
  Gen.HandleTranslationUnit(AST);
  if (!Gen.GetModule() || CI.getDiagnostics().hasErrorOccurred())
    return llvm::createStringError("clang reported an error");

  for (llvm::Function &F : *Gen.GetModule())
    // What assembly names is not in this module, or not to be doubled.
    if (!F.isDeclaration() && (!Keep(F) || !getSymbolsInAssembly(F).empty())) {
      F.deleteBody();
      F.setComdat(nullptr);
    }

  EmittedDefinitions Result;
  for (llvm::Function &F : *Gen.GetModule()) {
    if (!F.isDeclaration() || F.isIntrinsic() || F.use_empty())
      continue;
    auto *D = llvm::dyn_cast_or_null<FunctionDecl>(
        Gen.GetDeclForMangledName(F.getName()));
    if (!D)
      continue;
    if (GlobalDecl Variant = getVariant(Gen, D, F.getName()); Variant.getDecl())
      Result.Mentioned.push_back({F.getName().str(), Variant});
  }
  // Keep may have given types to a frame: those of this emission, which agree
  // with each other. They are all that a batch has in that function, since what
  // is inlined there comes from here.
  dropUnstableTypes(*Gen.GetModule());
  Result.M = Gen.ReleaseModule();
  return std::move(Result);
}

} // namespace reopt
