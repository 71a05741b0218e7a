//===- TortureShapes.h - What tortured functions look like ------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ways in which a function f(x, depth, mode) goes one deeper and out again:
// by calls, tail calls, the host, and exceptions. Each is the end of a function
// whose beginning branches to %deep, has %less, one less than %depth, and deals
// with what is at the bottom.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_TORTURESHAPES_H
#define REOPT_TEST_TORTURESHAPES_H

#include <string>
#include <utility>
#include <vector>

namespace reopt::torture {

constexpr unsigned NumEnds = 8;

/// They call %self, and @call_next with OWN_INDEX; what they return is
/// OWN_ADDEND more than what @call_next does.
extern const char *const Ends[NumEnds];

/// \p IR with each first of \p Words replaced by its second.
std::string
substitute(std::string IR,
           const std::vector<std::pair<std::string, std::string>> &Words);

} // namespace reopt::torture

#endif // REOPT_TEST_TORTURESHAPES_H
