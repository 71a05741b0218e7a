//===-- StatementFunctions.cpp --------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StatementFunctions.h"
#include "FrameTypes.h"
#include "SessionIdentity.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Module.h"
#include <numeric>

using namespace llvm;

namespace reopt {

std::vector<StatementFunction> getStatementFunctions(const Module &M) {
  std::vector<StatementFunction> Result;
  for (const Function &F : M)
    if (!F.isDeclaration() && isStatement(F.getName()))
      Result.push_back({F.getName().str(), getFrameLength(F)});
  return Result;
}

std::optional<std::pair<size_t, size_t>>
findStatementsOf(StringRef Name, ArrayRef<StatementFunction> All,
                 ArrayRef<size_t> Lengths) {
  // Else they are not the statements that became these functions.
  size_t Sum = 0;
  for (const StatementFunction &F : All)
    Sum += F.Length;
  if (std::accumulate(Lengths.begin(), Lengths.end(), size_t(0)) != Sum)
    return std::nullopt;
  size_t Before = 0;
  const auto *Mine = find_if(All, [&](const StatementFunction &F) {
    if (Name.split('.').first == F.Name)
      return true;
    Before += F.Length;
    return false;
  });
  if (Mine == All.end())
    return std::nullopt;
  size_t First = 0, At = 0;
  while (First != Lengths.size() && At < Before)
    At += Lengths[First++];
  if (At != Before)
    return std::nullopt;
  size_t End = First;
  while (End != Lengths.size() && At < Before + Mine->Length)
    At += Lengths[End++];
  if (At != Before + Mine->Length)
    return std::nullopt;
  return std::make_pair(First, End);
}

} // namespace reopt
