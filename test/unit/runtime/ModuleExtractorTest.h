//===- ModuleExtractorTest.h - Copies of definitions, looked at -*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Copies definitions out of a module, checks both modules, and names what the
// copy defines and declares.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_MODULEEXTRACTORTEST_H
#define REOPT_TEST_MODULEEXTRACTORTEST_H

#include "TestIR.h"

#include "reopt/ModuleExtractor.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Instructions.h"
#include "gtest/gtest.h"

namespace reopt {

inline std::string print(const llvm::Module &M) {
  std::string Text;
  llvm::raw_string_ostream OS(Text);
  M.print(OS, nullptr);
  return Text;
}

class ModuleExtractorTest : public testing::Test {
protected:
  /// Copies \p Names out of the module that \p Text says.
  llvm::Module &
  extract(llvm::StringRef Text, llvm::ArrayRef<llvm::StringRef> Names,
          llvm::function_ref<std::string(llvm::StringRef)> Rename = {}) {
    From = parseIR(Text, Ctx);
    EXPECT_EQ(getVerifierComplaint(*From), "");
    std::string Before = print(*From);
    llvm::SmallVector<llvm::GlobalValue *, 4> Definitions;
    for (llvm::StringRef Name : Names) {
      Definitions.push_back(From->getNamedValue(Name));
      EXPECT_TRUE(Definitions.back()) << Name.str();
    }
    To = extractModule(*From, "copy", Definitions, Rename);
    EXPECT_EQ(To->getModuleIdentifier(), "copy");
    EXPECT_EQ(getVerifierComplaint(*To), "");
    EXPECT_EQ(getVerifierComplaint(*From), "");
    EXPECT_EQ(print(*From), Before);
    for (const llvm::Function &F : *To)
      for (const llvm::BasicBlock &B : F)
        for (const llvm::Instruction &I : B)
          for (const llvm::Value *Op : I.operands())
            if (auto *GV = llvm::dyn_cast<llvm::GlobalValue>(Op))
              EXPECT_EQ(GV->getParent(), To.get()) << GV->getName().str();
    return *To;
  }

  static std::string suffixed(llvm::StringRef Name) {
    return (Name + ".new").str();
  }

  /// Names of all that \p M defines or declares, sorted.
  static std::string names(const llvm::Module &M, bool Declared) {
    llvm::SmallVector<llvm::StringRef, 8> Names;
    for (const llvm::GlobalValue &GV : M.global_values())
      if (GV.isDeclaration() == Declared)
        Names.push_back(GV.getName());
    llvm::sort(Names);
    return llvm::join(Names, " ");
  }
  static std::string defined(const llvm::Module &M) { return names(M, false); }
  static std::string declared(const llvm::Module &M) { return names(M, true); }

  llvm::LLVMContext Ctx;
  std::unique_ptr<llvm::Module> From, To;
};

} // namespace reopt

#endif // REOPT_TEST_MODULEEXTRACTORTEST_H
