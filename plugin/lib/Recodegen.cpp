//===-- Recodegen.cpp -----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recodegen.h"
#include "BatchModule.h"
#include "FrameTypes.h"
#include "SessionIdentity.h"
#include "StatementFunctions.h"
#include "UnstableTypes.h"
#include "reopt/ContextErrors.h"
#include "reopt/ModuleExtractor.h"
#include "reopt/OnStackReplacement.h"
#include "clang/AST/Attr.h"
#include "clang/AST/Decl.h"
#include "clang/Basic/TargetInfo.h"
#include "clang/CodeGen/BackendUtil.h"
#include "clang/Frontend/CompilerInstance.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/OptBisect.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include <deque>

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

/// What a definition counts for of which there is no tier 0, and what each
/// costs beside its instructions.
constexpr size_t SizeUnknown = 20, SizeOfAny = 10;

std::string getFrameName(FunctionId Id) {
  return "reopt.frame." + std::to_string(Id);
}

/// Statements and initialisers have no target attributes, and tier 0 compiles
/// them for this machine, as stock does. Only where it matters to results does
/// their continuation have to follow: whether a*b+c is rounded once.
void compileForHost(llvm::Function &F) {
  if (F.hasFnAttribute("target-features") ||
      F.getParent()->getTargetTriple().str() !=
          llvm::Triple(llvm::sys::getProcessTriple()).str() ||
      llvm::none_of(llvm::instructions(F), [](const llvm::Instruction &I) {
        auto *Call = llvm::dyn_cast<llvm::IntrinsicInst>(&I);
        return Call && Call->getIntrinsicID() == llvm::Intrinsic::fmuladd;
      }))
    return;
  std::string Features;
  for (auto &[Name, Has] : llvm::sys::getHostCPUFeatures())
    Features += (Features.empty() ? "" : ",") + std::string(Has ? "+" : "-") +
                Name.str();
  F.addFnAttr("target-cpu", llvm::sys::getHostCPUName());
  F.addFnAttr("target-features", Features);
}

} // namespace

/// Whether what tier 0 runs of \p Member is to be its body as well: no
/// declaration of statements has one.
static bool isOwnBody(const Batch::Member &Member) {
  return Member.RunsOnce && Member.NeedsBody;
}

/// A function of tier 0 that is running, to be continued, or its own body.
struct Recodegen::Frame {
  Batch::Member Of;
  /// What tier 0 compiled, under the frame's name, until the batch's module has
  /// it; and the module of the session that it comes from.
  std::unique_ptr<llvm::Module> Part;
  std::string Input;

  llvm::Function *get() const { return Part->getFunction(getFrameName(Of.Id)); }
};

/// A batch on its way.
struct Recodegen::Job {
  Job(const SessionView &Session, NewCode &Code, CompilerInstance &CI,
      llvm::LLVMContext &Ctx, std::string Suffix, bool IsSpeculative,
      size_t SmallFunction)
      : Session(Session), Code(Code), CI(CI), Ctx(Ctx),
        Suffix(std::move(Suffix)), IsSpeculative(IsSpeculative),
        SmallFunction(SmallFunction) {}

  const SessionView &Session;
  NewCode &Code;
  CompilerInstance &CI;
  llvm::LLVMContext &Ctx;
  const std::string Suffix;
  const bool IsSpeculative;
  const size_t SmallFunction;

  struct Wanted {
    std::string Name;
    GlobalDecl Decl;
    /// The session's function of this name, if it has one.
    std::optional<SessionView::Entry> Known;
    /// Members get a body or a refusal; callees may be left out.
    bool IsMember;
    /// It did not come out together with others.
    bool IsAlone = false;
  };
  std::deque<Wanted> Queue;
  /// All names that were ever queued.
  llvm::StringSet<> Seen;
  /// Names whose definitions are in the module.
  llvm::StringSet<> Emitted;
  llvm::StringMap<std::string> Bodies;
  /// Those of them that are needed only if something calls them.
  llvm::StringSet<> IfCalled;
  /// Functions whose tier-0 frames are to be continued.
  std::vector<Frame> Frames;
  /// Members that the user does not want to be optimised.
  llvm::StringSet<> Unoptimised;
  size_t Imported = 0;
  /// See NewCode.
  bool GaveWay = false;

  /// Instructions that \p W has in tier 0, or a guess.
  size_t getTierZeroSize(const Wanted &W) const {
    size_t Size = SizeUnknown;
    if (W.Known)
      Session.withTierZero(W.Known->Id, [&](const llvm::Function &F) {
        Size = F.getInstructionCount();
      });
    return Size;
  }
  /// The types of what \p Id mentions in tier 0, in our context.
  void addKnown(FunctionId Id, std::vector<KnownFunction> &Known) const {
    Session.withTierZero(Id, [&](const llvm::Function &F) {
      for (auto &K : getKnownFunctions(F))
        if (auto *Ty = translateType(K.Type, Ctx))
          Known.push_back({std::move(K.Name), Ty});
    });
  }
  void refuse(const Wanted &W, Reason Why, std::string Detail = {}) {
    Code.Refused.push_back({W.Known->Id, Why, std::move(Detail)});
  }
  void publish(const Wanted &W) {
    std::string Body = W.Name + Suffix;
    Code.Bodies.push_back({W.Known->Id, Body});
    Bodies[W.Name] = std::move(Body);
  }
  /// Whether callee \p W, of \p Size instructions, gets a body along with its
  /// caller. What will be inlined needs none for this batch; but nothing that
  /// is speculated about was called yet, and it is not to wait for tier 0 when
  /// it turns out not to be inlined.
  bool isPublishedAlong(const Wanted &W, size_t Size) const {
    return W.Known && W.Known->St != Stage::Tier1 &&
           W.Known->St != Stage::Refused && !isNumberedAnew(W.Name) &&
           (IsSpeculative || (W.Known->Warm && Size > SmallFunction));
  }
  /// Why there is no AST any more: the session ends, or speculation gives way.
  llvm::Error lostAst() {
    GaveWay = IsSpeculative;
    return llvm::createStringError("the session ends");
  }
};

llvm::Error Recodegen::readFrame(Job &J, const Batch::Member &Member) {
  const std::string Name = getFrameName(Member.Id);
  llvm::SmallVector<char, 0> Bytes;
  std::string Input;
  std::optional<Reason> Why = Reason::EmissionFailed;
  J.Session.withTierZero(Member.Id, [&](const llvm::Function &F) {
    Why = F.getInstructionCount() > size_t(Opts.MaxFunction) ? Reason::TooLarge
          : isOwnBody(Member)
              ? std::nullopt
              : findReasonAgainst(const_cast<llvm::Function &>(F));
    if (!Why)
      Bytes = extractForOptimising(F, Name);
    Input = F.getParent()->getModuleIdentifier();
  });
  if (Why) {
    if (!Member.NeedsBody || isOwnBody(Member))
      J.Code.Refused.push_back({Member.Id, *Why, {}});
    return llvm::Error::success();
  }
  auto Part = llvm::parseBitcodeFile(
      llvm::MemoryBufferRef(llvm::StringRef(Bytes.data(), Bytes.size()), Name),
      J.Ctx);
  if (!Part)
    return Part.takeError();
  compileForHost(*(*Part)->getFunction(Name));
  J.Frames.push_back({Member, std::move(*Part), std::move(Input)});
  J.Code.Uses.push_back(Member.Id);
  return llvm::Error::success();
}

llvm::Error Recodegen::addFrames(Job &J, BatchModule &M) {
  // Without types where the AST is not lent: a program may have called f by its
  // address, and nobody else runs. If it is taken between the two, we wait
  // until the input that takes it has been parsed, as for what the frames call.
  if (!J.Frames.empty() && Lease.isLent()) {
    AstBorrow AST(Lease);
    for (Frame &F : J.Frames)
      if (!typeFrame(J, F, AST))
        return llvm::createStringError("the session ends");
  }
  for (Frame &F : J.Frames) {
    queueByName(J, *F.Part);
    if (auto Err = M.add(std::move(F.Part)))
      return Err;
  }
  return llvm::Error::success();
}

/// Has what \p F runs emitted once more, for its types and for the
/// declarations of what it calls. One that clang emits otherwise, or that is
/// not found, stays without. False if the AST is gone.
bool Recodegen::typeFrame(Job &J, Frame &F, AstBorrow &AST) {
  GlobalDecl Function;
  llvm::ArrayRef<TopLevelStmtDecl *> Statements;
  const bool IsStatement = isStatement(F.Of.Name);
  if (!IsStatement && !isNumberedAnew(F.Of.Name))
    if (auto GD = Index.find(F.Of.Name, [&] { return AST.yield(); }))
      Function = *GD;
  if (!AST || !AST.yield() || !Index.getContext())
    return false;
  std::vector<KnownFunction> Known;
  J.addKnown(F.Of.Id, Known);
  if (IsStatement) {
    Statements = Index.findStatements(F.Input);
    if (auto All = Index.findStatementFunctions(F.Input); !All.empty()) {
      // Which of them are known by their lengths.
      std::vector<size_t> Lengths;
      for (TopLevelStmtDecl *Statement : Statements) {
        if (!AST.yield())
          return false;
        consumeError(DefinitionEmitter(J.CI)
                         .emitFrame(*Index.getContext(), GlobalDecl(),
                                    {Statement}, J.Ctx, Known,
                                    [&](const llvm::Function &Alone) {
                                      if (isStatement(Alone.getName()))
                                        Lengths.push_back(
                                            getFrameLength(Alone));
                                      return false;
                                    })
                         .takeError());
      }
      auto Range = findStatementsOf(F.Of.Name, All, Lengths);
      if (!Range || Lengths.size() != Statements.size())
        return true;
      Statements = Statements.slice(Range->first, Range->second - Range->first);
    }
  }
  if (!Function.getDecl() && Statements.empty())
    return true;

  auto Emitted = DefinitionEmitter(J.CI).emitFrame(
      *Index.getContext(), Function, Statements, J.Ctx, Known,
      [&](const llvm::Function &Typed) {
        const bool IsIt = IsStatement ? isStatement(Typed.getName())
                                      : Typed.getName() == F.Of.Name;
        if (IsIt)
          copyAccessTypes(Typed, *F.get());
        return IsIt;
      });
  if (Emitted)
    queueMentioned(J, Emitted->Mentioned);
  else
    consumeError(Emitted.takeError());
  return true;
}

/// What \p Part calls, to be inlined. Tier 0 mentions no declarations, only
/// names. What the session has no code of may be a library's, which says its
/// body in a header: members of std::string, for one. In C, nothing is.
void Recodegen::queueByName(Job &J, const llvm::Module &Part) {
  for (const llvm::Function &F : Part) {
    llvm::StringRef Callee = F.getName();
    if (!F.isDeclaration() || F.isIntrinsic() || isNumberedAnew(Callee))
      continue;
    auto Known = J.Session.find(Callee);
    if ((Known || Callee.starts_with("_Z")) && J.Seen.insert(Callee).second) {
      ++J.Imported;
      J.Queue.push_back(
          {Callee.str(), GlobalDecl(), Known, /*IsMember=*/false});
    }
  }
}

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
  for (const Frame &F : J.Frames) {
    const Batch::Member &Member = F.Of;
    llvm::Function *Frame = M.getModule().getFunction(getFrameName(Member.Id));
    if (isOwnBody(Member)) {
      Frame->setName(Member.Name + J.Suffix);
      Frame->setLinkage(llvm::GlobalValue::ExternalLinkage);
      Code.Bodies.push_back({Member.Id, Frame->getName().str()});
      continue;
    }
    if (!J.Unoptimised.contains(Member.Name)) {
      Code.Continuations.push_back(
          {Member.Id, Member.Name + ".loops" + J.Suffix});
      createContinuations(*Frame, Code.Continuations.back().Table,
                          J.Session.getLoopRequest(Member.Id));
    }
    Frame->eraseFromParent();
  }
  std::string Problem;
  llvm::raw_string_ostream OS(Problem);
  if (!J.Frames.empty() && llvm::verifyModule(M.getModule(), &OS))
    return llvm::createStringError("a continuation is broken: " + Problem);
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
