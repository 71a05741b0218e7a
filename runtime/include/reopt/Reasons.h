//===- Reasons.h ------------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Every decision about a function has a reason that a person can read, from
/// one list (Reasons.def). What a policy has to add is in
/// FunctionInfo::Detail.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_REASONS_H
#define REOPT_REASONS_H

#include <cstdint>

namespace reopt {

enum class Reason : uint8_t {
#define REOPT_REASON(Name, Text) Name,
#include "reopt/Reasons.def"
};

/// The text of \p R: lower case, no full stop, for the end of a line.
const char *getReasonText(Reason R);

} // namespace reopt

#endif // REOPT_REASONS_H
