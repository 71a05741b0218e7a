//===- ExampleJIT.h - What the examples have in common ----------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An LLJIT, a stub table, redefinable symbols, and definitions from IR text.
// The order of the members is the one in which they must be destroyed,
// backwards: symbols, stubs, JIT.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_EXAMPLES_EXAMPLEJIT_H
#define REOPT_EXAMPLES_EXAMPLEJIT_H

#include "reopt/RedefinableSymbols.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"

#include <cstdio>
#include <cstdlib>
#include <future>

inline llvm::ExitOnError ExitOnErr;

/// Where first calls go whose compilation failed: there is nothing to call.
[[noreturn]] inline void noBody() {
  std::fprintf(stderr, "a first call could not be compiled\n");
  std::abort();
}

inline const char *getText(reopt::RedefinableSymbols::Outcome O) {
  using Outcome = reopt::RedefinableSymbols::Outcome;
  return O == Outcome::Published    ? "published"
         : O == Outcome::Superseded ? "superseded"
                                    : "cancelled";
}

class ExampleJIT {
public:
  using Outcome = reopt::RedefinableSymbols::Outcome;
  using When = reopt::RedefinableSymbols::When;

  /// \p Threads compile in the background.
  explicit ExampleJIT(unsigned Threads = 2) {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    J = ExitOnErr(
        llvm::orc::LLJITBuilder().setNumCompileThreads(Threads).create());
    auto &ES = J->getExecutionSession();
    Stubs = ExitOnErr(reopt::StubTable::Create(
        ES, ES.getExecutorProcessControl().getMemMgr()));
    reopt::RedefinableSymbols::Setup Setup;
    Setup.LazyErrorHandler = llvm::orc::ExecutorAddr::fromPtr(&noBody);
    Symbols = ExitOnErr(
        reopt::RedefinableSymbols::Create(ES, *Stubs, std::move(Setup)));
  }

  /// The module that \p Text says.
  std::unique_ptr<llvm::Module> parse(llvm::StringRef Text,
                                      llvm::LLVMContext &Context) {
    llvm::SMDiagnostic Diagnostic;
    auto Module = llvm::parseAssemblyString(Text, Diagnostic, Context);
    if (!Module) {
      Diagnostic.print("example", llvm::errs());
      std::exit(1);
    }
    Module->setDataLayout(J->getDataLayout());
    return Module;
  }

  /// A definition, not yet compiled, of the functions of \p Text.
  std::unique_ptr<llvm::orc::MaterializationUnit> ir(llvm::StringRef Text) {
    auto Context = std::make_unique<llvm::LLVMContext>();
    auto Module = parse(Text, *Context);
    Module->setModuleIdentifier("definition" + std::to_string(++Definitions));
    return std::make_unique<llvm::orc::BasicIRLayerMaterializationUnit>(
        J->getIRCompileLayer(), llvm::orc::IRSymbolMapper::ManglingOptions(),
        llvm::orc::ThreadSafeModule(std::move(Module), std::move(Context)));
  }

  llvm::orc::JITDylib &dylib() { return J->getMainJITDylib(); }

  template <typename Fn> Fn *lookup(llvm::StringRef Name) {
    return ExitOnErr(J->lookup(Name)).toPtr<Fn *>();
  }

  /// Redefines, and gives the outcome to whoever waits for it.
  std::future<Outcome>
  redefine(std::unique_ptr<llvm::orc::MaterializationUnit> Definition,
           When W = When::Now) {
    auto Promise = std::make_shared<std::promise<Outcome>>();
    Symbols->redefine(
        dylib(), std::move(Definition),
        [Promise](llvm::Expected<Outcome> Result) {
          Promise->set_value(ExitOnErr(std::move(Result)));
        },
        W);
    return Promise->get_future();
  }

  std::unique_ptr<llvm::orc::LLJIT> J;
  std::unique_ptr<reopt::StubTable> Stubs;
  std::unique_ptr<reopt::RedefinableSymbols> Symbols;

private:
  std::atomic<unsigned> Definitions{0};
};

#endif // REOPT_EXAMPLES_EXAMPLEJIT_H
