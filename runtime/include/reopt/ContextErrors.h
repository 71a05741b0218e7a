//===-- ContextErrors.h -----------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_CONTEXTERRORS_H
#define REOPT_CONTEXTERRORS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace llvm {
class LLVMContext;
} // namespace llvm

namespace reopt {

/// Keeps what LLVM reports as errors on a context, such as assembly that the
/// target does not know, from where it is made to where it goes. By itself LLVM
/// prints an error and ends the process. On the thread that owns the context,
/// which outlives it; several are undone in reverse order.
class ContextErrors {
public:
  /// What becomes of warnings. (Remarks are those that LLVM's own options ask
  /// for.)
  enum class Rest {
    AsBefore, ///< Who handled the context's diagnostics before gets them.
    Quiet,    ///< Nobody does.
  };
  explicit ContextErrors(llvm::LLVMContext &Ctx, Rest R = Rest::AsBefore);
  ~ContextErrors();
  ContextErrors(const ContextErrors &) = delete;
  ContextErrors &operator=(const ContextErrors &) = delete;

  /// The first line of each, as what follows shows text that nobody has
  /// written; between them "; ". Empty if there was none.
  llvm::StringRef getText() const;

  /// \p Result, or the errors: what one was reported about must not run.
  template <typename T> llvm::Expected<T> check(llvm::Expected<T> Result) {
    if (getText().empty())
      return Result;
    llvm::consumeError(Result.takeError());
    return llvm::createStringError(getText());
  }

private:
  class Handler;
  llvm::LLVMContext &Ctx;
  Handler *Own; ///< The context's.
};

} // namespace reopt

#endif // REOPT_CONTEXTERRORS_H
