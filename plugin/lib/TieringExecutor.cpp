//===-- TieringExecutor.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TieringExecutor.h"
#include "EmissionChoice.h"
#include "LibraryInliner.h"
#include "SessionIdentity.h"
#include "reopt/TierZeroCompiler.h"
#include "clang/Interpreter/PartialTranslationUnit.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/Debugging/DebuggerSupport.h"
#include "llvm/ExecutionEngine/Orc/EPCDynamicLibrarySearchGenerator.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/IR/Module.h"
#include "llvm/TargetParser/Host.h"
#include <cstdlib>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

namespace {

constexpr const char *BeforePrinting = "__reopt_take_ast";
constexpr const char *AfterPrinting = "__reopt_lend_ast";

/// Code that prints a value calls these, on the interpreter thread. It may be
/// that of any session, and machine code has no argument for it.
thread_local const AstLease *PrintingLease = nullptr;
thread_local bool WasLentBeforePrinting = false;

void takeAstForPrinting() {
  if (auto *Lease = const_cast<AstLease *>(PrintingLease))
    WasLentBeforePrinting = Lease->take();
}

void lendAstAfterPrinting() {
  if (auto *Lease = const_cast<AstLease *>(PrintingLease))
    if (WasLentBeforePrinting)
      Lease->lend();
}

/// What user code calls for exit(): workers use LLVM's globals, which exit()
/// destroys, the latest first, so that no handler registered earlier could stop
/// the workers in time.
[[noreturn]] void exitFromUserCode(int Code) {
  closeAllSessions();
  std::exit(Code);
}

/// While user code runs: the AST is lent, and value printing knows to whom.
class RunningCode {
public:
  explicit RunningCode(AstLease &Lease) : Outer(PrintingLease), Loan(Lease) {
    PrintingLease = &Lease;
  }
  ~RunningCode() { PrintingLease = Outer; }

private:
  const AstLease *Outer;
  AstLoan Loan;
};

bool definesAnything(const Module &M) {
  return !M.getModuleInlineAsm().empty() ||
         any_of(M.global_values(),
                [](const GlobalValue &GV) { return !GV.isDeclaration(); });
}

} // namespace

TieringExecutor::TieringExecutor(std::shared_ptr<Session> S,
                                 std::unique_ptr<LLJIT> J,
                                 TierZeroCompiler &Compiler)
    : S(std::move(S)), J(std::move(J)), Compiler(Compiler) {}

Expected<std::unique_ptr<TieringExecutor>>
TieringExecutor::Create(std::shared_ptr<Session> S, std::unique_ptr<Policy> P,
                        StringRef TT,
                        std::optional<CodeModel::Model> CodeModel) {
  // As the stock executor has it: functions without target attributes of their
  // own, such as clang's statement wrappers, are compiled for this machine.
  JITTargetMachineBuilder JTMB((Triple(TT)));
  if (TT == sys::getProcessTriple()) {
    auto Host = JITTargetMachineBuilder::detectHost();
    if (!Host)
      return Host.takeError();
    JTMB = std::move(*Host);
  }
  if (CodeModel)
    JTMB.setCodeModel(CodeModel);
  TierZeroCompiler *Compiler = nullptr;
  auto J =
      LLJITBuilder()
          .setJITTargetMachineBuilder(std::move(JTMB))
          .setCompileFunctionCreator(
              [&Compiler, &S](JITTargetMachineBuilder JTMB)
                  -> Expected<std::unique_ptr<IRCompileLayer::IRCompiler>> {
                auto Made = std::make_unique<TierZeroCompiler>(
                    std::move(JTMB), bool(S->Opts.Baseline));
                Compiler = Made.get();
                return std::move(Made);
              })
          .setPrePlatformSetup([](LLJIT &J) {
            // As the stock executor does: a debugger is welcome, and none
            // is needed. What goes stays registered, which a debugger that
            // comes later says, and gets over.
            consumeError(enableDebuggerSupport(J));
            return Error::success();
          })
          .create();
  if (!J)
    return J.takeError();

  auto &Main = (*J)->getMainJITDylib();
  const auto Flags = JITSymbolFlags::Exported | JITSymbolFlags::Callable;
  if (auto Err = Main.define(absoluteSymbols(
          {{(*J)->mangleAndIntern(BeforePrinting),
            {ExecutorAddr::fromPtr(&takeAstForPrinting), Flags}},
           {(*J)->mangleAndIntern(AfterPrinting),
            {ExecutorAddr::fromPtr(&lendAstAfterPrinting), Flags}},
           {(*J)->mangleAndIntern(ExitHandlers::SymbolName),
            {ExecutorAddr::fromPtr(&ExitHandlers::add), Flags}},
           {(*J)->mangleAndIntern("exit"),
            {ExecutorAddr::fromPtr(&exitFromUserCode), Flags}}})))
    return std::move(Err);

  auto Place = ReOptimizeLayer::in(**J);
  if (!Place)
    return Place.takeError();
  Place->Linker.addPlugin(S->AtExit);
  // Errors of background work are reasons in listings; nothing is printed.
  (*J)->getExecutionSession().setErrorReporter([](Error Err) {
    if (!ReOptimizeLayer::noteBackgroundError(Err))
      logAllUnhandledErrors(std::move(Err), errs(), "JIT session error: ");
    else
      consumeError(std::move(Err));
  });
  Place->CheckReferences = true;
  // Of most functions there are two bodies in all, and calls are counted often
  // enough as it is: tier 0 is kept to go back to. Undone code is unmapped at
  // once, as in stock.
  Place->Old = ReOptimizeLayer::OldCode::Keep;
  auto Layer =
      ReOptimizeLayer::Create(std::move(*Place), std::move(P), S->Opts);
  if (!Layer)
    return Layer.takeError();
  S->Layer = std::move(*Layer);
  S->Main = &Main;
  return std::unique_ptr<TieringExecutor>(
      new TieringExecutor(std::move(S), std::move(*J), *Compiler));
}

TieringExecutor::~TieringExecutor() { S->Layer.reset(); }

bool TieringExecutor::adapt(Module &M,
                            const clang::PartialTranslationUnit &PTU) {
  M.setDataLayout(J->getDataLayout());
  hideFailed(M, S->Index.acceptInput(PTU.TUPart, M.getModuleIdentifier(),
                                     getStatementFunctions(M)));
  if (S->Emission)
    inlineLibrary(M, unsigned(S->Opts.InlineLibrary),
                  S->Index.getKeptOfLibrary());
  const bool LeavesNothing = leavesNothing(M);
  if (LeavesNothing)
    moveLiterals(M, Literals);
  giveSessionIdentity(M);
  dropRepeatedInitializers(M, [&](StringRef Name) {
    return S->Layer->defines(J->getMainJITDylib(), Name);
  });
  S->AtExit->intercept(M);
  bracketValuePrinting(M, BeforePrinting, AfterPrinting);
  return LeavesNothing;
}

/// The only function that \p M has called at its start, if that is all that it
/// has to be called; it is external and has a name of its own then.
static Function *takeInitializer(Module &M) {
  GlobalVariable *List = M.getGlobalVariable("llvm.global_ctors");
  if (!List)
    return nullptr;
  auto *Entries = dyn_cast<ConstantArray>(List->getInitializer());
  if (!Entries || Entries->getNumOperands() != 1)
    return nullptr;
  auto *F = dyn_cast<Function>(Entries->getOperand(0)->getOperand(1));
  if (!F || F->isDeclaration())
    return nullptr;
  List->eraseFromParent();
  F->setLinkage(GlobalValue::ExternalLinkage);
  F->setName("__reopt_run." + M.getModuleIdentifier());
  return F;
}

Error TieringExecutor::addModule(clang::PartialTranslationUnit &PTU) {
  if (S->Emission)
    S->Emission->noteAccepted();
  // An input that only declares, or that is empty.
  if (!definesAnything(*PTU.TheModule)) {
    S->Index.acceptInput(PTU.TUPart, PTU.TheModule->getModuleIdentifier());
    PTU.TheModule.reset();
    return Error::success();
  }
  auto M = std::move(PTU.TheModule);
  const bool IsPassing = adapt(*M, PTU);
  auto RT = J->getMainJITDylib().createResourceTracker();
  ExecutorAddr Entry;
  Error Err = Error::success();
  Function *Initializer =
      IsPassing && S->Layer->runsOnce(*M) ? takeInitializer(*M) : nullptr;
  if (Initializer) {
    Err = S->Layer
              ->addOnce(RT, *M, Initializer->getName(),
                        [this](Module &Mod) { return Compiler(Mod); })
              .moveInto(Entry);
  } else if (auto TSM = Contexts.copy(*M)) {
    Err = S->Layer->add(RT, std::move(*TSM));
    HasInitializers = true;
  } else {
    Err = TSM.takeError();
  }
  if (Err) {
    Err = joinErrors(std::move(Err), RT->remove());
    if (S->Emission)
      S->Emission->noteRemoval();
    return Err;
  }
  if (IsPassing)
    Passing.push_back({&PTU, RT, Entry});
  Trackers[&PTU] = std::move(RT);
  return Error::success();
}

Error TieringExecutor::removeModule(clang::PartialTranslationUnit &PTU) {
  S->Index.forget(PTU.TUPart);
  auto I = Trackers.find(&PTU);
  if (I == Trackers.end())
    return Error::success();
  llvm::scope_exit NoteRemoval([this] {
    if (S->Emission)
      S->Emission->noteRemoval();
  });
  auto RT = std::move(I->second);
  Trackers.erase(I);
  ResourceKey Key = 0;
  if (auto Err = RT->withResourceKeyDo([&](ResourceKey K) { Key = K; }))
    return Err;
  {
    // Destructors are user code like any other.
    RunningCode Running(S->Lease);
    S->AtExit->runFor(Key);
  }
  return RT->remove();
}

Error TieringExecutor::runCtors() const {
  // Code may run inputs of its own, and is still there then.
  auto Ran = std::exchange(Passing, {});
  {
    RunningCode Running(S->Lease);
    for (const PassingInput &Input : Ran)
      if (Input.Entry)
        Input.Entry.toPtr<void (*)()>()();
    if (std::exchange(HasInitializers, false))
      if (auto Err = J->initialize(J->getMainJITDylib()))
        return Err;
  }
  // They have run, whatever becomes of their memory.
  for (const PassingInput &Input : Ran)
    if (auto Err = forget(Input))
      J->getExecutionSession().reportError(std::move(Err));
  return Error::success();
}

Error TieringExecutor::forget(const PassingInput &Input) const {
  // It may have undone itself, and another be in its place.
  auto I = Trackers.find(Input.PTU);
  if (I == Trackers.end() || I->second != Input.RT)
    return Error::success();
  bool IsListed = false;
  if (auto Err = Input.RT->withResourceKeyDo(
          [&](ResourceKey K) { IsListed = S->Layer->lists(K); }))
    return Err;
  if (IsListed)
    return Error::success();
  Trackers.erase(I);
  return Input.RT->remove();
}

Error TieringExecutor::cleanUp() {
  // The AST is gone already; functions may still be called and trip.
  S->AtExit->runAll();
  return J->deinitialize(J->getMainJITDylib());
}

Expected<ExecutorAddr>
TieringExecutor::getSymbolAddress(StringRef Name,
                                  SymbolNameKind NameKind) const {
  auto Symbol = J->getExecutionSession().lookup(
      makeJITDylibSearchOrder({&J->getMainJITDylib(),
                               J->getPlatformJITDylib().get(),
                               J->getProcessSymbolsJITDylib().get()}),
      NameKind == LinkerName ? J->getExecutionSession().intern(Name)
                             : J->mangleAndIntern(Name));
  if (!Symbol)
    return Symbol.takeError();
  return Symbol->getAddress();
}

Error TieringExecutor::LoadDynamicLibrary(const char *Name) {
  auto Generator =
      EPCDynamicLibrarySearchGenerator::Load(J->getExecutionSession(), Name);
  if (!Generator)
    return Generator.takeError();
  J->getProcessSymbolsJITDylib()->addGenerator(std::move(*Generator));
  return Error::success();
}

} // namespace reopt
