//===- ModulePartition.h ----------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ReOptimizeLayer finds out about a module before it defines anything:
// which functions get stubs, and what stays together with the data.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_MODULEPARTITION_H
#define REOPT_MODULEPARTITION_H

#include "reopt/Policy.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ExecutionEngine/JITSymbol.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/Module.h"
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace reopt {

/// ORC's target machines reach thread-locals through a control variable, which
/// libraries that were compiled otherwise do not have.
constexpr llvm::StringLiteral EmulatedTLSPrefix = "__emutls_v.";
/// Where the initial value is, if it is not zero.
constexpr llvm::StringLiteral EmulatedTLSInitialPrefix = "__emutls_t.";

struct ModulePartition {
  /// A function that gets a stub. What is needed of it without its context's
  /// lock: even its name is in a map of the context's.
  struct CountedFunction {
    std::string Name;
    llvm::JITSymbolFlags Flags;
    uint64_t Size; ///< In instructions.
  };
  std::vector<CountedFunction> Counted;
  /// Those flags again, and the addresses of the stubs, once there are any.
  llvm::orc::SymbolMap Symbols;
  /// Those among them that are called once.
  llvm::StringSet<> Once;
  /// Functions to compile at once, by name; with what they reach, or alone.
  std::vector<std::string> EagerWithCallees, Eager;
  struct Alias {
    std::string Name, Aliasee;
    llvm::JITSymbolFlags Flags;
  };
  /// Other names of counted functions.
  std::vector<Alias> Aliases;
  /// What stays together: data, initialisers, uncounted functions.
  std::vector<llvm::GlobalValue *> Rest;
  std::vector<std::string> DataNames;
  /// Data's names that others know, and those that Data defines, if they
  /// differ; see PartitionRequest::HideData.
  std::vector<Alias> HiddenData, HiddenThreadLocals;
  struct Untiered {
    std::string Name;
    Reason Why;
  };
  /// Functions that the policy would have counted, by their names now.
  std::vector<Untiered> NotCounted;
  enum Storage { Ordinary, ZeroThreadLocal, InitialisedThreadLocal };
  struct OwnName {
    std::string Name;
    llvm::JITSymbolFlags Flags;
    Storage Is;
  };
  /// Local data and functions that got a name of their own.
  std::vector<OwnName> Exposed;
  /// Nothing is parted from the module: it goes to the JIT as it is.
  bool Whole = false;
  struct Slot {
    std::string Function, Table;
    uint64_t Offset;
  };
  /// Places in call-only tables.
  std::vector<Slot> CallSlots;
  /// What is mentioned by code that runs without being called by name, and by
  /// what is in one object with it.
  std::vector<std::string> Roots;
  /// What such code calls by name.
  std::vector<std::string> Called;
  /// What merged data and merged uncounted functions mention, by their names:
  /// a header has many that nothing ever mentions.
  llvm::StringMap<std::vector<std::string>> Mentions;
  /// What the rest of Data mentions, if none of it runs at the start: it may be
  /// defined after this module.
  std::vector<std::string> DataMentions;
  /// Rest, in a module of its own; null if Rest is empty, or Whole.
  llvm::orc::ThreadSafeModule Data;
};

struct PartitionRequest {
  Policy &P;
  /// Whether functions are counted at all.
  bool Counting;
  /// Whether some functions may be compiled before they are called. If not,
  /// those which would have to are not counted.
  bool MayCompileEarly;
  /// Whether bodies may go while their functions stay. Then constants belong to
  /// the data, since the program may have kept their addresses.
  bool BodiesMayGo;
  /// Whether Data defines names of its own, so that it may outlive the names
  /// that others know it by.
  bool HideData;
  /// Whether places in call-only tables are wanted.
  bool FillTables;
  /// Whether a definition that may be merged is there already, and this one is
  /// dropped. Null: none is.
  llvm::function_ref<bool(llvm::StringRef)> IsMergedAway;
};

/// An error if \p Mod has assembly outside of functions that the target cannot
/// read. Nobody else might say so, if nothing else is in the module.
llvm::Error checkAssembly(const llvm::Module &Mod);

/// Parts \p TSM, whose assembly can be read, under its context's lock. Counted
/// functions stay in it.
ModulePartition partitionModule(llvm::orc::ThreadSafeModule &TSM,
                                const PartitionRequest &Req);

/// The names of what \p F mentions, through copied constants, with
/// EmulatedTLSPrefix before thread-locals.
std::vector<std::string> getMentionedNames(const llvm::Function &F);

} // namespace reopt

#endif // REOPT_MODULEPARTITION_H
