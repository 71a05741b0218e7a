//===- HostCheck.cpp - Is this a host that we know? -----------------------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/HostCheck.h"

#include "HostSymbols.h"
#include "LlvmCopies.h"

using namespace interp_patches;

std::optional<std::string> interp_patches::unsupportedHost() {
  if (countImports(interpreterCreate(),
                   reinterpret_cast<void *>(&unsupportedHost)) != 0)
    return std::nullopt;
  // A second copy says more than a call that is missing. It is there if the
  // plugin was loaded without a gate, and has brought ours along.
  std::string Others = LlvmCopies::find().Others;
  if (!Others.empty())
    return builtForButHost() + "runs on " + Others;
  return builtForButHost() + "does not call that release's "
                             "clang::Interpreter::create";
}
