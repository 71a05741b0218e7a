//===-- ContextErrors.cpp -------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/ContextErrors.h"
#include "llvm/IR/DiagnosticHandler.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace reopt {

class ContextErrors::Handler : public DiagnosticHandler {
public:
  Handler(std::unique_ptr<DiagnosticHandler> Before, Rest R)
      : Before(std::move(Before)), R(R) {}

  bool handleDiagnostics(const DiagnosticInfo &Info) override {
    if (Info.getSeverity() != DS_Error)
      return R == Rest::Quiet || (Before && Before->handleDiagnostics(Info));
    std::string Lines;
    raw_string_ostream OS(Lines);
    DiagnosticPrinterRawOStream Printer(OS);
    Info.print(Printer);
    Text +=
        (Text.empty() ? "" : "; ") + StringRef(Lines).split('\n').first.str();
    return true;
  }

  std::unique_ptr<DiagnosticHandler> Before;
  const Rest R;
  std::string Text;
};

ContextErrors::ContextErrors(LLVMContext &Ctx, Rest R) : Ctx(Ctx) {
  auto New = std::make_unique<Handler>(Ctx.getDiagnosticHandler(), R);
  Own = New.get();
  Ctx.setDiagnosticHandler(std::move(New));
}

ContextErrors::~ContextErrors() {
  // The assignment ends Own.
  std::unique_ptr<DiagnosticHandler> Before = std::move(Own->Before);
  Ctx.setDiagnosticHandler(std::move(Before));
}

StringRef ContextErrors::getText() const { return Own->Text; }

} // namespace reopt
