//===- lazy.cpp - A definition that waits for the first call --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lazy compilation is a definition that waits. @main mentions @used and
// @unused; each is compiled when it is first called, if it ever is.
//
//===----------------------------------------------------------------------===//

#include "ExampleJIT.h"

using namespace llvm;
using namespace llvm::orc;

/// Says when its definition is compiled.
class Announced : public MaterializationUnit {
public:
  Announced(const char *Name, std::unique_ptr<MaterializationUnit> Inner)
      : MaterializationUnit(Interface(Inner->getSymbols(), nullptr)),
        Name(Name), Inner(std::move(Inner)) {}
  StringRef getName() const override { return Name; }
  void materialize(std::unique_ptr<MaterializationResponsibility> R) override {
    std::printf("  compiling %s\n", Name);
    Inner->materialize(std::move(R));
  }

private:
  void discard(const JITDylib &JD, const SymbolStringPtr &N) override {
    Inner->doDiscard(JD, N);
  }
  const char *Name;
  std::unique_ptr<MaterializationUnit> Inner;
};

int main() {
  ExampleJIT JIT;
  auto DefineLazily = [&](const char *Name, const char *Text) {
    ExitOnErr(JIT.Symbols->define(
        JIT.dylib(), std::make_unique<Announced>(Name, JIT.ir(Text)),
        ExampleJIT::When::OnFirstCall));
  };
  DefineLazily("main", R"(
    declare i32 @used(i32)
    declare i32 @unused(i32)
    define i32 @main(i32 %n) {
      %negative = icmp slt i32 %n, 0
      br i1 %negative, label %rare, label %usual
    rare:
      %a = call i32 @unused(i32 %n)
      ret i32 %a
    usual:
      %b = call i32 @used(i32 %n)
      ret i32 %b
    }
  )");
  DefineLazily("used", "define i32 @used(i32 %n) { ret i32 1 }");
  DefineLazily("unused", "define i32 @unused(i32 %n) { ret i32 2 }");

  auto *Main = JIT.lookup<int(int)>("main");
  std::printf("main is ready, and not compiled\n");
  std::printf("first call\n");
  int First = Main(1);
  std::printf("main(1) = %d\n", First);
  std::printf("second call\n");
  std::printf("main(1) = %d\n", Main(1));
}
