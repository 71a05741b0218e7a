//===- TestIR.h - IR for tests ----------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modules from text, and what the verifier says of them.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_TESTIR_H
#define REOPT_TEST_TESTIR_H

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <string>

namespace reopt {

/// The module that \p Text says. A test whose text does not parse is wrong, and
/// ends.
inline std::unique_ptr<llvm::Module> parseIR(llvm::StringRef Text,
                                             llvm::LLVMContext &Ctx) {
  llvm::SMDiagnostic Diag;
  auto M = llvm::parseAssemblyString(Text, Diag, Ctx);
  if (!M) {
    Diag.print("test", llvm::errs());
    llvm::report_fatal_error("the test's IR is wrong");
  }
  return M;
}

/// What the verifier objects to in \p M; empty if nothing.
inline std::string getVerifierComplaint(const llvm::Module &M) {
  std::string Complaint;
  llvm::raw_string_ostream OS(Complaint);
  if (llvm::verifyModule(M, &OS) && Complaint.empty())
    Complaint = "broken";
  return Complaint;
}

} // namespace reopt

#endif // REOPT_TEST_TESTIR_H
