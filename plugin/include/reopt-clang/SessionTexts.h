//===- SessionTexts.h -------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// What the user of a C++ session reads of reasons and options. The runtime's
/// own texts suit any policy; a session's policy emits from the AST, at -O3,
/// and its user has %reopt.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_SESSIONTEXTS_H
#define REOPT_CLANG_SESSIONTEXTS_H

#include "reopt/Reasons.h"
#include <string>

namespace reopt {

/// As getReasonText(), for a session.
const char *getSessionReasonText(Reason R);

/// As getOptionHelp(), for a session.
std::string getSessionOptionHelp();

} // namespace reopt

#endif // REOPT_CLANG_SESSIONTEXTS_H
