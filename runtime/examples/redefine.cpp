//===- redefine.cpp - A function gets a new definition --------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program holds a pointer to @price and calls it, through another function
// that was linked against it, too. Then @price changes. Both reach the new
// definition, and the pointer is the same.
//
//===----------------------------------------------------------------------===//

#include "ExampleJIT.h"

int main() {
  ExampleJIT JIT;

  ExitOnErr(JIT.Symbols->define(JIT.dylib(), JIT.ir(R"(
    define i32 @price(i32 %items) {
      %sum = mul i32 %items, 10
      ret i32 %sum
    }
  )")));
  // An ordinary definition; its call of @price is a call of the stub.
  ExitOnErr(JIT.dylib().define(JIT.ir(R"(
    declare i32 @price(i32)
    define i32 @bill(i32 %items) {
      %sum = call i32 @price(i32 %items)
      %all = add i32 %sum, 5
      ret i32 %all
    }
  )")));
  auto *Price = JIT.lookup<int(int)>("price");
  auto *Bill = JIT.lookup<int(int)>("bill");
  std::printf("price(3) = %d, bill(3) = %d\n", Price(3), Bill(3));

  // This returns at once. Until the new code is ready, the old one serves.
  auto Outcome = JIT.redefine(JIT.ir(R"(
    define i32 @price(i32 %items) {
      %sum = mul i32 %items, 7
      ret i32 %sum
    }
  )"));
  std::printf("published: %s\n",
              Outcome.get() == ExampleJIT::Outcome::Published ? "yes" : "no");
  std::printf("price(3) = %d, bill(3) = %d\n", Price(3), Bill(3));
  std::printf("same address: %s\n",
              JIT.lookup<int(int)>("price") == Price ? "yes" : "no");

  // What is no redefinition is an error, and changes nothing.
  JIT.Symbols->redefine(JIT.dylib(), JIT.ir(R"(
    define i32 @bill(i32 %items) {
      ret i32 0
    }
  )"),
                        [](llvm::Expected<ExampleJIT::Outcome> Result) {
                          std::printf("error: %s\n",
                                      toString(Result.takeError()).c_str());
                        });
}
