//===-- IRReoptimizer.cpp -------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/IRReoptimizer.h"
#include "reopt/ActiveCount.h"
#include "reopt/ContextErrors.h"
#include "reopt/ModuleExtractor.h"
#include "reopt/OnStackReplacement.h"
#include "reopt/OptimizeModule.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/ExecutionEngine/Orc/CompileUtils.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include <algorithm>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

namespace {

/// The module of a batch while it grows.
class BatchIR {
public:
  BatchIR(const Batch &B, const SessionView &Session, const Options &Opts)
      : Session(Session), Opts(Opts),
        Suffix((".tier1." + Twine(B.Number)).str()),
        Linked(std::make_unique<Module>("reopt" + Suffix, Ctx)) {}

  void addMember(const Batch::Member &Member, bool Counted) {
    const std::string Name = Member.Name + Suffix;
    switch (add(Member.Id, Member.Name, Name, Opts.MaxFunction)) {
    case Added:
      Code.Bodies.push_back({Member.Id, Name, Counted});
      return;
    case TooLarge:
      Code.Refused.push_back({Member.Id, Reason::TooLarge, ""});
      return;
    case Unfit:
      Code.Refused.push_back({Member.Id, Reason::EmissionFailed, Problem});
      return;
    }
  }

  /// Has calls of members go to their new bodies, and adds what else is called
  /// so far, what that calls, and so on.
  void addCallees(const Batch &B) {
    SmallVector<std::string, 16> Names;
    do {
      bindCalls(B);
      Names.clear();
      for (const Function &F : *Linked)
        if (F.isDeclaration() && !F.isIntrinsic() && isCalled(F) &&
            Tried.insert(F.getName()).second)
          Names.push_back(F.getName().str());
      for (const std::string &Name : Names)
        if (auto Known = Session.find(Name);
            Known && Imported < size_t(Opts.MaxImport) &&
            add(Known->Id, Name, Name, Opts.MaxCallee) == Added) {
          ++Imported;
          Linked->getFunction(Name)->setLinkage(
              GlobalValue::AvailableExternallyLinkage);
        }
    } while (!Names.empty());
  }

  /// Adds tier 0's frame of \p Member, to be continued, unless it has no loop
  /// that can be.
  void addFrame(const Batch::Member &Member) {
    std::optional<Reason> Why = Reason::EmissionFailed;
    Session.withTierZero(Member.Id, [&](const Function &F) {
      Why = findReasonAgainst(const_cast<Function &>(F));
    });
    const std::string Name = getFrameName(Member.Name);
    if (!Why && add(Member.Id, Member.Name, Name, Opts.MaxFunction) == Added)
      Frames.push_back({Member.Id, Member.Name});
    else if (!Member.NeedsBody)
      Code.Refused.push_back({Member.Id, Why.value_or(Reason::TooLarge), ""});
  }

  /// Makes the continuations, once all that they call is there.
  void continueFrames() {
    for (auto &[Id, Name] : Frames) {
      Function *Frame = Linked->getFunction(getFrameName(Name));
      const std::string Table = Name + ".loops" + Suffix;
      createContinuations(*Frame, Table, Session.getLoopRequest(Id));
      Frame->eraseFromParent();
      Code.Continuations.push_back({Id, Table});
    }
  }

  bool contains(StringRef Name) const {
    const Function *F = Linked->getFunction(Name);
    return F && !F->isDeclaration();
  }

  /// Has the bodies that are Counted count and trip, and all code count its
  /// executions if that is wanted.
  void count(ExecutorAddr ActiveCount) {
    for (const NewCode::Body &Body : Code.Bodies)
      if (Body.Counted)
        instrument(*Linked->getFunction(Body.Name),
                   Session.getNextSite(Body.Id));
    SmallVector<Function *, 16> Defined;
    for (Function &F : *Linked)
      if (!F.isDeclarationForLinker())
        Defined.push_back(&F);
    Code.CountsActive = ActiveCount && all_of(Defined, [](Function *F) {
                          return whyNotCounted(*F).empty();
                        });
    if (Code.CountsActive)
      for (Function *F : Defined)
        cantFail(countActive(*F, ActiveCount));
  }

  Module &getModule() { return *Linked; }

  NewCode Code;

private:
  std::string getFrameName(StringRef Name) const {
    return (Name + ".frame" + Suffix).str();
  }

  void bindCalls(const Batch &B) {
    for (const Batch::Member &Member : B.Members) {
      Function *Old = Linked->getFunction(Member.Name);
      Function *New = Linked->getFunction(Member.Name + Suffix);
      if (Old && New && Old->getFunctionType() == New->getFunctionType())
        Old->replaceUsesWithIf(New, [](Use &U) {
          auto *Call = dyn_cast<CallBase>(U.getUser());
          return Call && Call->isCallee(&U);
        });
    }
  }

  static bool isCalled(const Function &F) {
    return any_of(F.uses(), [](const Use &U) {
      auto *Call = dyn_cast<CallBase>(U.getUser());
      return Call && Call->isCallee(&U);
    });
  }

  enum Result { Added, TooLarge, Unfit };

  /// Adds tier 0's IR of function \p Id as \p NewName.
  Result add(FunctionId Id, StringRef Name, StringRef NewName, int64_t Limit) {
    SmallVector<char, 0> Bytes;
    bool Fits = true;
    // By way of bitcode: the IR belongs to another context.
    if (!Session.withTierZero(Id, [&](const Function &F) {
          Fits = F.getInstructionCount() <= size_t(Limit);
          if (!Fits)
            return;
          Bytes = extractForOptimising(F, NewName);
        })) {
      Problem = "its IR is gone";
      return Unfit;
    }
    if (!Fits)
      return TooLarge;
    auto Part = parseBitcodeFile(
        MemoryBufferRef(StringRef(Bytes.data(), Bytes.size()), Name), Ctx);
    if (!Part) {
      Problem = toString(Part.takeError());
      return Unfit;
    }
    if (Linker::linkModules(*Linked, std::move(*Part))) {
      Problem = "it does not fit its callers";
      return Unfit;
    }
    Code.Uses.push_back(Id);
    return Added;
  }

  const SessionView &Session;
  const Options &Opts;
  const std::string Suffix;
  LLVMContext Ctx;
  std::unique_ptr<Module> Linked;
  struct FrameOfMember {
    FunctionId Id;
    std::string Name;
  };
  std::vector<FrameOfMember> Frames;
  StringSet<> Tried;
  size_t Imported = 0;
  std::string Problem;
};

} // namespace

IRReoptimizer::IRReoptimizer(const Options &Opts,
                             JITTargetMachineBuilder Machine,
                             OptimizationLevel Level)
    : HeatPolicy(Opts), Machine(std::move(Machine)), Level(Level) {
  this->Machine.setRelocationModel(Reloc::PIC_);
}

OptimizationLevel IRReoptimizer::getLevel(uint32_t) const { return Level; }

bool IRReoptimizer::countsActive(uint32_t Tier) const {
  return isCounted(Tier);
}

Error IRReoptimizer::prepare(Module &, const Batch &) {
  return Error::success();
}

Expected<NewCode> IRReoptimizer::reoptimize(const Batch &B,
                                            const SessionView &Session) {
  BatchIR IR(B, Session, Opts);
  uint32_t Tier = ~0u;
  for (const Batch::Member &Member : B.Members) {
    Tier = std::min(Tier, Member.Tier);
    if (!Member.LeaveToCaller && Member.NeedsBody)
      IR.addMember(Member, isCounted(Member.Tier));
    if (Member.IsRunning)
      IR.addFrame(Member);
  }
  IR.addCallees(B);
  // What the members above did not take in needs a body of its own.
  for (const Batch::Member &Member : B.Members)
    if (Member.LeaveToCaller && Member.NeedsBody) {
      if (IR.contains(Member.Name))
        IR.Code.Served.push_back(Member.Id);
      else
        IR.addMember(Member, isCounted(Member.Tier));
    }
  IR.addCallees(B);
  IR.continueFrames();
  if (IR.Code.Bodies.empty() && IR.Code.Continuations.empty())
    return std::move(IR.Code);

  Module &M = IR.getModule();
  if (auto Err = prepare(M, B))
    return std::move(Err);
  // Counting comes last, as it does for tier 0's IR: no pass moves it.
  const bool MayBeReplaced =
      any_of(B.Members, [&](const Batch::Member &Member) {
        return countsActive(Member.Tier);
      });
  auto Object = compile(M, getLevel(Tier), [&] {
    IR.count(MayBeReplaced ? B.ActiveCount : ExecutorAddr());
  });
  if (!Object)
    return Object.takeError();
  IR.Code.Object = std::move(*Object);
  return std::move(IR.Code);
}

Expected<std::unique_ptr<MemoryBuffer>>
IRReoptimizer::compile(Module &M, OptimizationLevel Level,
                       function_ref<void()> AfterPipeline) const {
  auto Builder = Machine;
  Builder.setCodeGenOptLevel(Level.getSpeedupLevel() >= 3
                                 ? CodeGenOptLevel::Aggressive
                                 : CodeGenOptLevel(Level.getSpeedupLevel()));
  auto TM = Builder.createTargetMachine();
  if (!TM)
    return TM.takeError();
  M.setTargetTriple((*TM)->getTargetTriple());
  M.setDataLayout((*TM)->createDataLayout());
  std::string Problem;
  raw_string_ostream OS(Problem);
  if (verifyModule(M, &OS))
    return createStringError("the module is broken: " + Problem);
  ContextErrors Errors(M.getContext());
  optimizeModule(M, **TM, Level);
  if (AfterPipeline)
    AfterPipeline();
  return Errors.check(SimpleCompiler(**TM)(M));
}

} // namespace reopt
