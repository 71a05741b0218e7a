//===- TestPolicy.cpp - A policy that tests can steer --------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestPolicy.h"
#include "TestIR.h"

#include "reopt/ModuleExtractor.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/ExecutionEngine/Orc/CompileUtils.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

void Gate::close() {
  std::lock_guard<std::mutex> Lock(M);
  Closed = true;
}

void Gate::open() {
  std::lock_guard<std::mutex> Lock(M);
  Closed = false;
  Held = 0;
  ++Releases;
  Changed.notify_all();
}

void Gate::letHeldGo() {
  std::lock_guard<std::mutex> Lock(M);
  Held = 0;
  ++Releases;
  Changed.notify_all();
}

void Gate::waitForArrival() {
  std::unique_lock<std::mutex> Lock(M);
  Changed.wait(Lock, [this] { return Held != 0; });
}

void Gate::pass() {
  std::unique_lock<std::mutex> Lock(M);
  if (!Closed)
    return;
  ++Held;
  Changed.notify_all();
  Changed.wait(Lock, [this, Before = Releases] { return Releases != Before; });
}

namespace {

/// What a batch's module is made from.
class BatchBuilder {
public:
  BatchBuilder(const Batch &B, const SessionView &Session)
      : Session(Session), Suffix(".tier1." + std::to_string(B.Number)),
        Linked(std::make_unique<Module>("batch" + Suffix, Ctx)) {}

  /// Emits \p Name under its new name.
  void addBody(FunctionId Id, StringRef Name) {
    if (add(Id, Name, Suffix))
      Code.Bodies.push_back({Id, (Name + Suffix).str()});
  }

  /// Emits what is called so far, to be inlined.
  void addCallees() {
    for (bool Grows = true; Grows;) {
      Grows = false;
      SmallVector<std::string, 8> Names;
      for (Function &F : *Linked)
        if (F.isDeclaration() && !F.isIntrinsic() &&
            Tried.insert(F.getName()).second)
          Names.push_back(F.getName().str());
      for (auto &Name : Names)
        if (auto Known = Session.find(Name))
          Grows |= add(Known->Id, Name, "");
    }
  }

  bool has(StringRef Name) const { return Added.contains(Name); }

  Expected<NewCode> finish() {
    if (Code.Bodies.empty())
      return std::move(Code);
    if (Function *WhichTier = Linked->getFunction("which_tier"))
      for (User *U : make_early_inc_range(WhichTier->users()))
        if (auto *Call = dyn_cast<CallBase>(U)) {
          Call->replaceAllUsesWith(ConstantInt::get(Call->getType(), 1));
          Call->eraseFromParent();
        }
    if (auto Complaint = getVerifierComplaint(*Linked); !Complaint.empty())
      return createStringError(Complaint);

    auto Object = TestPolicy::optimize(*Linked);
    if (!Object)
      return Object.takeError();
    Code.Object = std::move(*Object);
    return std::move(Code);
  }

  NewCode Code;

private:
  /// With a suffix it is a body to publish, without one there to be inlined.
  bool add(FunctionId Id, StringRef Name, StringRef Suffix) {
    SmallVector<char, 0> Bytes;
    bool Found = Session.withTierZero(Id, [&](const Function &F) {
      auto Part =
          extractModule(const_cast<Module &>(*F.getParent()), Name,
                        {const_cast<Function *>(&F)},
                        [&](StringRef Old) { return (Old + Suffix).str(); });
      Function *Copy = Part->getFunction((Name + Suffix).str());
      Copy->setLinkage(Suffix.empty() ? GlobalValue::AvailableExternallyLinkage
                                      : GlobalValue::ExternalLinkage);
      Copy->setVisibility(GlobalValue::DefaultVisibility);
      Copy->removeFnAttr(Attribute::OptimizeNone);
      Copy->removeFnAttr(Attribute::NoInline);
      raw_svector_ostream OS(Bytes);
      WriteBitcodeToFile(*Part, OS);
    });
    if (!Found)
      return false;
    auto Part = cantFail(parseBitcodeFile(
        MemoryBufferRef(StringRef(Bytes.data(), Bytes.size()), Name), Ctx));
    if (Linker::linkModules(*Linked, std::move(Part)))
      return false;
    Added.insert(Name);
    Code.Uses.push_back(Id);
    return true;
  }

  const SessionView &Session;
  const std::string Suffix;
  LLVMContext Ctx;
  std::unique_ptr<Module> Linked;
  StringSet<> Tried, Added;
};

} // namespace

Tier0Kind TestPolicy::instrument(const Function &F) {
  return F.getName().starts_with("plain") ? Tier0Kind::Plain
                                          : Tier0Kind::Counted;
}

bool TestPolicy::isCallOnlyTable(const GlobalVariable &Var) {
  return Var.getName().starts_with("vtable");
}

Decision TestPolicy::decide(const Heat &H) const {
  return DecideInstead ? DecideInstead(H) : HeatPolicy::decide(H);
}

Expected<NewCode> TestPolicy::reoptimize(const Batch &B,
                                         const SessionView &Session) {
  {
    std::lock_guard<std::mutex> Lock(M);
    Batches.push_back(B);
  }
  WorkerGate.pass();
  return Instead ? Instead(B, Session) : compile(B, Session);
}

Expected<NewCode> TestPolicy::compile(const Batch &B,
                                      const SessionView &Session) {
  BatchBuilder Builder(B, Session);
  for (auto &Member : B.Members)
    if (!Member.LeaveToCaller)
      Builder.addBody(Member.Id, Member.Name);
  Builder.addCallees();
  for (auto &Member : B.Members)
    if (Member.LeaveToCaller) {
      if (Builder.has(Member.Name))
        Builder.Code.Served.push_back(Member.Id);
      else
        Builder.addBody(Member.Id, Member.Name);
    }
  Builder.addCallees();
  return Builder.finish();
}

Expected<std::unique_ptr<MemoryBuffer>> TestPolicy::optimize(Module &M) {
  auto Machine = JITTargetMachineBuilder::detectHost();
  if (!Machine)
    return Machine.takeError();
  Machine->setRelocationModel(Reloc::PIC_);
  auto TM = Machine->createTargetMachine();
  if (!TM)
    return TM.takeError();
  M.setTargetTriple((*TM)->getTargetTriple());
  M.setDataLayout((*TM)->createDataLayout());
  PassBuilder PB(TM->get());
  LoopAnalysisManager LAM;
  FunctionAnalysisManager FAM;
  CGSCCAnalysisManager CGAM;
  ModuleAnalysisManager MAM;
  PB.registerModuleAnalyses(MAM);
  PB.registerCGSCCAnalyses(CGAM);
  PB.registerFunctionAnalyses(FAM);
  PB.registerLoopAnalyses(LAM);
  PB.crossRegisterProxies(LAM, FAM, CGAM, MAM);
  PB.buildPerModuleDefaultPipeline(OptimizationLevel::O2).run(M, MAM);
  return SimpleCompiler(**TM)(M);
}

std::vector<Batch> TestPolicy::getBatches() const {
  std::lock_guard<std::mutex> Lock(M);
  return Batches;
}

} // namespace reopt
