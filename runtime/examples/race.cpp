//===- race.cpp - An old result arrives after a newer one -----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// @sum runs at -O0 when it is asked for at -O2, and then at -O3. The -O3 result
// comes first and is published. The -O2 request is told at once that it is
// superseded; when its code arrives after all, it is linked, removed, and never
// called. All three come from the same IR, through LLVM's pipelines.
//
// The -O2 code is held back by hand, so that the race ends the same way each
// time: nothing here depends on how long a compilation takes.
//
//===----------------------------------------------------------------------===//

#include "ExampleJIT.h"

#include "reopt/IRReoptimizer.h"
#include "reopt/LinkObserver.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"

#include <map>
#include <mutex>

using namespace llvm;
using namespace llvm::orc;

/// int sum(int n) { note_caller(); int s = 0; while (n) s += --n; return s; }
static const char *const Sum = R"(
  declare void @note_caller()
  define i32 @sum(i32 %n) {
    call void @note_caller()
    br label %test
  test:
    %i = phi i32 [ %n, %0 ], [ %less, %body ]
    %s = phi i32 [ 0, %0 ], [ %more, %body ]
    %done = icmp eq i32 %i, 0
    br i1 %done, label %end, label %body
  body:
    %less = sub i32 %i, 1
    %more = add i32 %s, %less
    br label %test
  end:
    ret i32 %s
  })";

/// Where the code of @sum is that called last.
static ExecutorAddr Caller;
static void noteCaller() {
  Caller = ExecutorAddr::fromPtr(__builtin_return_address(0));
}

/// Knows where each level's code lies, and when that of -O2 is removed.
class CodeNotes : public reopt::LinkObserver {
public:
  std::string find(ExecutorAddr Address) {
    std::lock_guard<std::mutex> Lock(M);
    for (auto &[Owner, Code] : Linked)
      if (Code.Range.contains(Address))
        return Code.Level;
    return "unknown";
  }
  /// Waits until the code of -O2 was linked and is removed.
  void waitForRemoval() { Removed.get_future().wait(); }

  Error notifyRemovingResources(JITDylib &, ResourceKey Owner) override {
    std::lock_guard<std::mutex> Lock(M);
    if (auto I = Linked.find(Owner); I != Linked.end()) {
      if (I->second.Level == "-O2")
        Removed.set_value();
      Linked.erase(I);
    }
    return Error::success();
  }

private:
  void linked(jitlink::LinkGraph &G, ResourceKey Owner) override {
    std::lock_guard<std::mutex> Lock(M);
    for (jitlink::Symbol *S : G.defined_symbols())
      if (S->hasName() && *S->getName() == "sum")
        Linked[Owner] = {G.getName().substr(0, 3), S->getRange()};
  }

  struct Code {
    std::string Level;
    ExecutorAddrRange Range;
  };
  std::mutex M; ///< Guards Linked.
  std::map<ResourceKey, Code> Linked;
  std::promise<void> Removed;
};

/// A result on its way: compiled, and delivered when somebody says so.
struct Delivery {
  std::promise<void> Compiled;
  std::unique_ptr<MaterializationResponsibility> R;
  std::unique_ptr<MemoryBuffer> Object;
};

/// @sum at a level.
class Optimized : public MaterializationUnit {
public:
  /// \p Late: takes the result instead of the linker.
  Optimized(ExampleJIT &JIT, const reopt::IRReoptimizer &Compiler,
            OptimizationLevel Level, Delivery *Late = nullptr)
      : MaterializationUnit(
            Interface({{JIT.J->mangleAndIntern("sum"),
                        JITSymbolFlags::Exported | JITSymbolFlags::Callable}},
                      nullptr)),
        JIT(JIT), Compiler(Compiler), Level(Level), Late(Late) {}

  StringRef getName() const override { return "sum"; }

  void materialize(std::unique_ptr<MaterializationResponsibility> R) override {
    LLVMContext Context;
    auto Module = JIT.parse(Sum, Context);
    // The object, and so what is linked, is called after the module.
    Module->setModuleIdentifier("-O" + std::to_string(Level.getSpeedupLevel()));
    auto Object = ExitOnErr(Compiler.compile(*Module, Level));
    if (!Late)
      return JIT.J->getObjLinkingLayer().emit(std::move(R), std::move(Object));
    Late->R = std::move(R);
    Late->Object = std::move(Object);
    Late->Compiled.set_value();
  }

private:
  void discard(const JITDylib &, const SymbolStringPtr &) override {}

  ExampleJIT &JIT;
  const reopt::IRReoptimizer &Compiler;
  const OptimizationLevel Level;
  Delivery *const Late;
};

int main() {
  ExampleJIT JIT;
  reopt::Options Options;
  reopt::IRReoptimizer Compiler(
      Options, ExitOnErr(JITTargetMachineBuilder::detectHost()));
  auto Notes = std::make_shared<CodeNotes>();
  static_cast<ObjectLinkingLayer &>(JIT.J->getObjLinkingLayer())
      .addPlugin(Notes);
  ExitOnErr(JIT.dylib().define(absoluteSymbols(
      {{JIT.J->mangleAndIntern("note_caller"),
        {ExecutorAddr::fromPtr(&noteCaller),
         JITSymbolFlags::Exported | JITSymbolFlags::Callable}}})));

  auto At = [&](OptimizationLevel Level, Delivery *Late = nullptr) {
    return std::make_unique<Optimized>(JIT, Compiler, Level, Late);
  };
  ExitOnErr(JIT.Symbols->define(JIT.dylib(), At(OptimizationLevel::O0)));
  auto *SumOf = JIT.lookup<int(int)>("sum");
  auto Call = [&] {
    int Result = SumOf(1000);
    std::printf("sum(1000) = %d, by the code of %s\n", Result,
                Notes->find(Caller).c_str());
  };
  Call();

  Delivery Old;
  auto O2 = JIT.redefine(At(OptimizationLevel::O2, &Old));
  Old.Compiled.get_future().wait();
  std::printf("-O2: compiled, and held back\n");

  auto O3 = JIT.redefine(At(OptimizationLevel::O3));
  std::printf("-O3: %s\n", getText(O3.get()));
  std::printf("-O2: %s\n", getText(O2.get()));
  Call();

  JIT.J->getObjLinkingLayer().emit(std::move(Old.R), std::move(Old.Object));
  Notes->waitForRemoval();
  std::printf("-O2: arrived, linked, and removed\n");
  Call();
}
