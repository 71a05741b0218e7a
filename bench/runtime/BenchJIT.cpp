//===- BenchJIT.cpp - What the measurements of runtime/ share -------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BenchJIT.h"
#include "reopt/TierZeroCompiler.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include <cstdlib>

using namespace llvm;
using namespace llvm::orc;

namespace reopt::bench {

JITTargetMachineBuilder hostMachine() {
  static const bool Initialized =
      !InitializeNativeTarget() && !InitializeNativeTargetAsmPrinter();
  if (!Initialized)
    report_fatal_error("this machine's target is not in LLVM");
  return ExitOnErr(JITTargetMachineBuilder::detectHost());
}

std::unique_ptr<LLJIT>
makeJIT(Compiler C, std::unique_ptr<jitlink::JITLinkMemoryManager> Tables) {
  LLJITBuilder B;
  B.setJITTargetMachineBuilder(hostMachine());
  if (C == Compiler::TierZero)
    B.setCompileFunctionCreator(
        [](JITTargetMachineBuilder M)
            -> Expected<std::unique_ptr<IRCompileLayer::IRCompiler>> {
          return std::make_unique<TierZeroCompiler>(std::move(M));
        });
  if (Tables) {
    B.setExecutorProcessControl(ExitOnErr(SelfExecutorProcessControl::Create(
        nullptr, std::make_unique<InPlaceTaskDispatcher>(),
        std::move(Tables))));
    B.setObjectLinkingLayerCreator(
        [](ExecutionSession &ES) -> Expected<std::unique_ptr<ObjectLayer>> {
          return std::make_unique<ObjectLinkingLayer>(
              ES, std::make_unique<jitlink::InProcessMemoryManager>(
                      sys::Process::getPageSizeEstimate()));
        });
  }
  return ExitOnErr(B.create());
}

ThreadSafeModule parse(const LLJIT &J, const std::string &Text) {
  // ORC names a module's initialisers after the module.
  static unsigned Count = 0;
  auto Context = std::make_unique<LLVMContext>();
  SMDiagnostic Diagnostic;
  auto M = parseAssemblyString(Text, Diagnostic, *Context);
  if (!M) {
    Diagnostic.print("reopt-runtime-bench", errs());
    std::exit(1);
  }
  M->setModuleIdentifier("module" + std::to_string(++Count));
  M->setDataLayout(J.getDataLayout());
  M->setTargetTriple(J.getTargetTriple());
  return ThreadSafeModule(std::move(M), std::move(Context));
}

std::string hashFunction(const std::string &Name, unsigned Seed) {
  return "define i64 @" + Name + R"((i64 %n) noinline optnone {
    %n.addr = alloca i64
    %h = alloca i64
    %i = alloca i64
    store i64 %n, ptr %n.addr
    store i64 )" +
         std::to_string(Seed) + R"(, ptr %h
    store i64 0, ptr %i
    br label %test
  test:
    %i1 = load i64, ptr %i
    %n1 = load i64, ptr %n.addr
    %more = icmp slt i64 %i1, %n1
    br i1 %more, label %body, label %end
  body:
    %h1 = load i64, ptr %h
    %bit = and i64 %h1, 1
    %odd = icmp ne i64 %bit, 0
    br i1 %odd, label %then, label %else
  then:
    %h2 = load i64, ptr %h
    %m = mul i64 %h2, 31
    %i2 = load i64, ptr %i
    %s = add i64 %m, %i2
    store i64 %s, ptr %h
    br label %next
  else:
    %h3 = load i64, ptr %h
    %h4 = load i64, ptr %h
    %shr = ashr i64 %h4, 7
    %x = xor i64 %h3, %shr
    %n2 = load i64, ptr %n.addr
    %x2 = xor i64 %x, %n2
    store i64 %x2, ptr %h
    br label %next
  next:
    %i3 = load i64, ptr %i
    %i4 = add i64 %i3, 1
    store i64 %i4, ptr %i
    br label %test
  end:
    %r = load i64, ptr %h
    ret i64 %r
  }
)";
}

std::string functionName(unsigned I) { return "f" + std::to_string(I); }

std::string smallFunctions(unsigned First, unsigned Count,
                           const std::string &Suffix) {
  std::string Text;
  for (unsigned I = First; I != First + Count; ++I)
    Text += "define i64 @" + functionName(I) + Suffix +
            R"((i64 %x) noinline optnone {
    %x.addr = alloca i64
    store i64 %x, ptr %x.addr
    %x1 = load i64, ptr %x.addr
    %y = add i64 %x1, 1
    ret i64 %y
  }
)";
  return Text;
}

SymbolMap at(LLJIT &J, void *Address, const std::vector<std::string> &Names) {
  SymbolMap Symbols;
  for (const std::string &Name : Names)
    Symbols[J.mangleAndIntern(Name)] = {ExecutorAddr::fromPtr(Address),
                                        JITSymbolFlags::Exported |
                                            JITSymbolFlags::Callable};
  return Symbols;
}

} // namespace reopt::bench
