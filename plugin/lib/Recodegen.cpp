//===-- Recodegen.cpp -----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recodegen.h"
#include "BatchModule.h"
#include "RecodegenJob.h"
#include "SessionIdentity.h"
#include "UnstableTypes.h"
#include "reopt/ContextErrors.h"
#include "reopt/OnStackReplacement.h"
#include "clang/AST/Attr.h"
#include "clang/AST/Decl.h"
#include "clang/Basic/TargetInfo.h"
#include "clang/CodeGen/BackendUtil.h"
#include "clang/Frontend/CompilerInstance.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/OptBisect.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"

using namespace clang;

namespace reopt {

Recodegen::Recodegen(std::unique_ptr<CompilerInstance> CI, AstLease &Lease,
                     DeclIndex &Index, ExitHandlers &AtExit,
                     const Options &Opts)
    : HeatPolicy(Opts), CI(std::move(CI)), Lease(Lease), Index(Index),
      AtExit(AtExit) {}

Recodegen::~Recodegen() = default;

Tier0Kind Recodegen::instrument(const llvm::Function &F) {
  // A name that no declaration has could not be found again.
  if (F.hasLocalLinkage() && !isInitializer(F))
    return Tier0Kind::Plain;
  if (!isCompilerMade(F))
    return Tier0Kind::Counted;
  return Opts.Osr && isInitializer(F) &&
                 (!findReasonAgainst(const_cast<llvm::Function &>(F)) ||
                  HeatPolicy::compilesFirst(F))
             ? Tier0Kind::Once
             : Tier0Kind::Plain;
}

/// What is passed to signal() and sigaction(). Its first call may interrupt
/// anything, malloc and the compiler included.
bool Recodegen::mayInterrupt(const llvm::Function &F) {
  const llvm::FunctionType &Ty = *F.getFunctionType();
  return Ty.getReturnType()->isVoidTy() && !Ty.isVarArg() &&
         (Ty.getNumParams() == 1 || Ty.getNumParams() == 3) &&
         Ty.getParamType(0)->isIntegerTy(32) &&
         llvm::all_of(Ty.params().drop_front(),
                      [](llvm::Type *P) { return P->isPointerTy(); }) &&
         F.hasAddressTaken();
}

bool Recodegen::compilesFirst(const llvm::Function &F) {
  // Who keeps the AST may be who calls.
  return Lease.isLent() && HeatPolicy::compilesFirst(F);
}

bool Recodegen::isCallOnlyTable(const llvm::GlobalVariable &Table) {
  return Opts.DirectTables && Table.getName().starts_with("_ZTV");
}

namespace {

/// How long the AST is kept at a time, about: half of what the interpreter
/// thread may wait. How many instructions of tier 0 that is, at first; the
/// number follows what they take. And how many definitions at most.
constexpr std::chrono::microseconds EmitTime{1000};
constexpr size_t EmitFirst = 150, EmitMost = 16;

/// What a definition costs beside its instructions.
constexpr size_t SizeOfAny = 10;

} // namespace

/// What was emitted mentions \p Mentioned: their definitions, to be inlined.
void Recodegen::queueMentioned(Job &J,
                               llvm::ArrayRef<NamedFunction> Mentioned) {
  for (NamedFunction Callee : Mentioned) {
    if (!J.Seen.insert(Callee.Name).second)
      continue;
    auto *FD = cast<FunctionDecl>(Callee.Decl.getDecl());
    const FunctionDecl *Definition = Index.getLiveDefinition(FD);
    if (!Definition || Definition->isDependentContext() ||
        Definition->hasAttr<WeakAttr>())
      continue;
    auto Function = J.Session.find(Callee.Name);
    const bool MayCall = Function || J.Session.defines(Callee.Name);
    if (MayCall && (J.Imported >= size_t(Opts.MaxImport) ||
                    (Definition->hasAttr<NoInlineAttr>() && !J.IsSpeculative)))
      continue;
    ++J.Imported;
    J.Queue.push_back({Callee.Name, Callee.Decl.getWithDecl(Definition),
                       Function, /*IsMember=*/false});
  }
}

llvm::Error Recodegen::emitClosure(Job &J, BatchModule &M) {
  if (J.Queue.empty())
    return llvm::Error::success();
  AstBorrow AST(Lease, J.IsSpeculative ? AstBorrow::Urgency::IfFree
                                       : AstBorrow::Urgency::Waits);
  DefinitionEmitter Emitter(J.CI);
  size_t SizeAtOnce = EmitFirst;

  while (!J.Queue.empty()) {
    if (!AST || !AST.yield() || !Index.getContext())
      return J.lostAst();

    llvm::StringMap<Job::Wanted> Now;
    std::vector<NamedFunction> Definitions;
    size_t SizeNow = 0;
    while (!J.Queue.empty() && Now.size() < EmitMost) {
      const size_t TierZeroSize = J.getTierZeroSize(J.Queue.front());
      const size_t Size = TierZeroSize + SizeOfAny;
      if (!Now.empty() &&
          (SizeNow + Size > SizeAtOnce || J.Queue.front().IsAlone))
        break;
      Job::Wanted W = std::move(J.Queue.front());
      J.Queue.pop_front();
      // Without keeping the AST for what will be dropped: -O3's IR is about as
      // large before it is optimised.
      if (TierZeroSize >
          size_t(W.IsMember ? Opts.MaxFunction : 2 * Opts.MaxCallee)) {
        if (W.IsMember)
          J.refuse(W, Reason::TooLarge);
        continue;
      }
      SizeNow += Size;
      if (W.IsMember && isNumberedAnew(W.Name)) {
        J.refuse(W, Reason::UnnamedType);
        continue;
      }
      if (!W.Decl.getDecl()) {
        auto GD = Index.find(W.Name, [&] { return AST.yield(); });
        // It ended without a result if the session did, and with it the AST.
        if (!AST || !Index.getContext())
          return J.lostAst();
        if (!GD) {
          if (W.IsMember)
            J.refuse(W, Reason::NoDefinition);
          continue;
        }
        W.Decl = *GD;
        const Decl *D = W.Decl.getDecl();
        if (!W.IsMember &&
            (D->hasAttr<WeakAttr>() || D->hasAttr<NoInlineAttr>()))
          continue;
        if (D->hasAttr<OptimizeNoneAttr>())
          J.Unoptimised.insert(W.Name);
      }
      Definitions.push_back({W.Name, W.Decl});
      const bool IsAlone = W.IsAlone;
      Now[W.Name] = std::move(W);
      if (IsAlone)
        break;
    }
    if (Definitions.empty())
      continue;
    if (!AST || !Index.getContext())
      return J.lostAst();

    std::vector<KnownFunction> Known;
    for (auto &Entry : Now)
      if (auto &Function = Entry.second.Known)
        J.addKnown(Function->Id, Known);

    const auto Start = std::chrono::steady_clock::now();
    auto Emitted = Emitter.emit(
        *Index.getContext(), Definitions, J.Ctx, Known,
        [&](const llvm::Function &F) {
          auto I = Now.find(F.getName());
          // What clang emitted along: inline, or of its own making.
          if (I == Now.end())
            return true;
          const Job::Wanted &W = I->second;
          const size_t Size = F.getInstructionCount();
          if (W.IsMember && Size > size_t(Opts.MaxFunction)) {
            J.refuse(W, Reason::TooLarge);
            return false;
          }
          // Something that will not be inlined is better called.
          if (!W.IsMember && W.Known && Size > size_t(Opts.MaxCallee))
            return false;
          if (W.IsMember || J.isPublishedAlong(W, Size))
            J.publish(W);
          if (!W.IsMember && J.IsSpeculative)
            J.IfCalled.insert(W.Name);
          J.Emitted.insert(W.Name);
          return true;
        });
    if (!Emitted) {
      std::string Text = toString(Emitted.takeError());
      // A definition and one that knows only an older declaration of it, which
      // was undone, do not go together: to clang these are two functions.
      if (Now.size() > 1) {
        for (auto &Entry : Now) {
          Entry.second.IsAlone = true;
          J.Queue.push_back(std::move(Entry.second));
        }
        continue;
      }
      for (auto &Entry : Now)
        if (Entry.second.IsMember)
          J.refuse(Entry.second, Reason::EmissionFailed, Text);
      continue;
    }
    const auto Took = std::chrono::steady_clock::now() - Start;
    SizeAtOnce = SizeNow * EmitTime / std::max(Took, decltype(Took)(1));

    for (auto &Entry : Now) {
      const Job::Wanted &W = Entry.second;
      // One constructor may have come out as an alias of the other.
      if (W.IsMember && !J.Emitted.contains(W.Name)) {
        if (Emitted->M->getNamedAlias(W.Name))
          J.publish(W);
        else if (llvm::none_of(J.Code.Refused,
                               [&](auto &R) { return R.Id == W.Known->Id; }))
          J.refuse(W, Reason::EmissionFailed, "no body came out");
      }
      if (W.Known)
        J.Code.Uses.push_back(W.Known->Id);
    }

    queueMentioned(J, Emitted->Mentioned);
    if (auto Err = M.add(std::move(Emitted->M)))
      return Err;
  }
  return llvm::Error::success();
}

namespace {

/// Ends LLVM's passes early once nobody wants their result.
class GivenUp : public llvm::OptPassGate {
public:
  explicit GivenUp(const SessionView &Session) : Session(Session) {}
  bool shouldRunPass(llvm::StringRef, llvm::StringRef) const override {
    return Session.isWanted();
  }
  bool isEnabled() const override { return true; }

private:
  const SessionView &Session;
};

} // namespace

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
Recodegen::compile(Job &J, llvm::Module &M) {
  CompilerInstance &CI = J.CI;
  llvm::SmallVector<char, 0> Bytes;
  CI.getDiagnostics().Reset(/*soft=*/true);
  auto Emit = [&](BackendAction What) {
    emitBackendOutput(CI, CI.getCodeGenOpts(),
                      CI.getTarget().getDataLayoutString(), &M, What,
                      llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem>(
                          &CI.getVirtualFileSystem()),
                      std::make_unique<llvm::raw_svector_ostream>(Bytes));
  };
  if (!J.IsSpeculative) {
    Emit(Backend_EmitObj);
  } else {
    // In two steps: a session that ends waits for what is under way.
    GivenUp Gate(J.Session);
    J.Ctx.setOptPassGate(Gate);
    J.Session.runAtLowestPriority([&] {
      Emit(Backend_EmitNothing);
      CI.getCodeGenOpts().DisableLLVMPasses = true;
      if (J.Session.isWanted())
        Emit(Backend_EmitObj);
      CI.getCodeGenOpts().DisableLLVMPasses = false;
    });
    if (!J.Session.isWanted())
      return J.lostAst();
  }
  if (CI.getDiagnostics().hasErrorOccurred() || Bytes.empty())
    return llvm::createStringError("the back end reported an error");
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(
      std::move(Bytes), M.getModuleIdentifier(),
      /*RequiresNullTerminator=*/false);
}

std::optional<uint64_t> Recodegen::getPromise(const Prospect &F) {
  if (isNumberedAnew(F.Name) || F.Size > uint64_t(Opts.MaxFunction))
    return 0;
  AstBorrow AST(Lease, AstBorrow::Urgency::IfFree);
  if (!AST)
    return std::nullopt;
  auto GD = Index.find(F.Name, [&] { return AST.yield(); });
  if (!AST || !Index.getContext())
    return std::nullopt;
  if (!GD || !Index.isOfUser(GD->getDecl()) ||
      GD->getDecl()->hasAttr<OptimizeNoneAttr>())
    return 0;
  constexpr uint64_t Largest = 1 << 20;
  return (F.Addition + 1) * Largest + std::min(F.Size, Largest - 1);
}

llvm::Expected<NewCode> Recodegen::reoptimize(const Batch &B,
                                              const SessionView &Session) {
  llvm::LLVMContext Ctx;
  Ctx.setDiscardValueNames(true);
  ContextErrors Errors(Ctx, ContextErrors::Rest::Quiet);
  if (!B.Speculative)
    return Errors.check(makeCode(B, Session, *CI, Ctx));
  if (!SpareCI) {
    // Who has the AST is the only one to change the other instance's options.
    AstBorrow AST(Lease, AstBorrow::Urgency::IfFree);
    if (AST)
      SpareCI = createOptimizingInstance(*CI);
    if (!SpareCI) {
      NewCode Nothing;
      Nothing.GaveWay = true;
      return Errors.check(llvm::Expected<NewCode>(std::move(Nothing)));
    }
  }
  return Errors.check(makeCode(B, Session, *SpareCI, Ctx));
}

llvm::Expected<NewCode> Recodegen::makeCode(const Batch &B,
                                            const SessionView &Session,
                                            CompilerInstance &CI,
                                            llvm::LLVMContext &Ctx) {
  NewCode Code;
  Job J(Session, Code, CI, Ctx, (".tier1." + llvm::Twine(B.Number)).str(),
        B.Speculative, size_t(Opts.SmallFunction));
  llvm::Error Err = fill(J, B);
  if (J.GaveWay) {
    consumeError(std::move(Err));
    Code = NewCode();
    Code.GaveWay = true;
  } else if (Err) {
    return std::move(Err);
  }
  return std::move(Code);
}

llvm::Error Recodegen::fill(Job &J, const Batch &B) {
  NewCode &Code = J.Code;
  BatchModule M(J.Ctx, ("reopt.tier1." + llvm::Twine(B.Number)).str());
  auto AddMember = [&](const Batch::Member &Member) {
    J.Seen.insert(Member.Name);
    J.Queue.push_back({Member.Name, GlobalDecl(),
                       SessionView::Entry{Member.Id, Stage::Compiling, true},
                       /*IsMember=*/true});
  };
  for (auto &Member : B.Members)
    if (!Member.LeaveToCaller && Member.NeedsBody && !isOwnBody(Member))
      AddMember(Member);
  for (auto &Member : B.Members)
    if (Member.IsRunning || isOwnBody(Member))
      if (auto Err = readFrame(J, Member))
        return Err;
  if (auto Err = addFrames(J, M))
    return Err;
  if (auto Err = emitClosure(J, M))
    return Err;
  // What the members above did not take in needs a body of its own.
  for (auto &Member : B.Members)
    if (Member.LeaveToCaller && Member.NeedsBody) {
      if (J.Emitted.contains(Member.Name))
        Code.Served.push_back(Member.Id);
      else
        AddMember(Member);
    }
  if (auto Err = emitClosure(J, M))
    return Err;
  if (Code.Bodies.empty() && J.Frames.empty())
    return llvm::Error::success();
  if (auto Err = M.finish(J.Bodies, J.IfCalled, [&](llvm::StringRef Name) {
        return J.Session.defines(Name);
      }))
    return Err;
  if (auto Err = finishFrames(J, M.getModule()))
    return Err;
  AtExit.intercept(M.getModule());
  auto Object = compile(J, M.getModule());
  if (!Object)
    return Object.takeError();
  Code.Object = std::move(*Object);
  // What turned out to be inlined everywhere.
  llvm::erase_if(Code.Bodies, [&](const NewCode::Body &Body) {
    llvm::Function *F = M.getModule().getFunction(Body.Name);
    return !F || F->isDeclaration();
  });
  return llvm::Error::success();
}

} // namespace reopt
