//===- Tutorial.h - What several steps need ---------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step of docs/tutorial.md.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TUTORIAL_H
#define REOPT_TUTORIAL_H

#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"

#include <cstdio>
#include <cstdlib>

inline llvm::ExitOnError ExitOnErr("tutorial: ");

/// The module that \p Text says, laid out as \p JIT compiles it.
inline llvm::orc::ThreadSafeModule parse(llvm::orc::LLJIT &JIT,
                                         llvm::StringRef Text) {
  auto Context = std::make_unique<llvm::LLVMContext>();
  llvm::SMDiagnostic Diagnostic;
  auto Module = llvm::parseAssemblyString(Text, Diagnostic, *Context);
  if (!Module) {
    Diagnostic.print("tutorial", llvm::errs());
    std::exit(1);
  }
  Module->setDataLayout(JIT.getDataLayout());
  return llvm::orc::ThreadSafeModule(std::move(Module), std::move(Context));
}

/// Its definitions, to be compiled by \p JIT when they are needed.
inline std::unique_ptr<llvm::orc::MaterializationUnit>
definition(llvm::orc::LLJIT &JIT, llvm::StringRef Text) {
  return std::make_unique<llvm::orc::BasicIRLayerMaterializationUnit>(
      JIT.getIRTransformLayer(), llvm::orc::IRSymbolMapper::ManglingOptions(),
      parse(JIT, Text));
}

#endif // REOPT_TUTORIAL_H
