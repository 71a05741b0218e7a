//===- LayerRecords.h -------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// What ReOptimizeLayer keeps of what it was given: of JITDylibs, of inputs, of
/// their functions, and of the code that it made. Guarded by the layer's mutex
/// M but for what says otherwise. No client has any of it in hand.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LAYERRECORDS_H
#define REOPT_LAYERRECORDS_H

#include "reopt/FunctionState.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ExecutionEngine/Orc/Core.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace reopt {

struct LayerRecords {
  // What removed code goes on with; see RemovedCode.h.
  struct RemovedCalls;
  struct HeldCalls;
  struct HeldData;

  /// What a JITDylib has of ours. Names are unique in it.
  struct Space : std::enable_shared_from_this<Space> {
    explicit Space(llvm::orc::JITDylib &JD) : JD(JD) {}
    llvm::orc::JITDylib &JD;
    /// Taken before M and before a context's lock: modules find out what is
    /// there already, and define the rest, one after the other; and stubs of
    /// removed functions are made traps while nobody defines these anew.
    std::mutex Adding;
    /// Guarded by Adding: the JITDylib is removed.
    bool IsGone = false;
    /// Of what machine code of ours needs here: hook, poll, and perhaps the
    /// unwinder. Defunct if somebody cleared the JITDylib. Not
    /// destroyed under M: ORC locks the session for that.
    llvm::orc::ResourceTrackerSP Support;
    /// Linker name to function; only functions that are not Removed, and whose
    /// definitions did not lose to others.
    llvm::StringMap<FunctionId> ByName;
    struct Mentions {
      std::vector<std::string> Names;
      bool Checked = false;
    };
    /// What is defined beside functions with stubs.
    struct DataState {
      /// Which addition it came with.
      uint64_t Owner = 0;
      /// For checkReferences(), if that was left for later: what it mentions,
      /// and what that does which is linked along with it. Null for nothing.
      std::shared_ptr<Mentions> Own;
      std::shared_ptr<Mentions> Shared;
    };
    llvm::StringMap<DataState> Data;
    /// Functions without a body that the latest module's wrappers and
    /// initialisers call. Guarded by M.
    std::vector<FunctionId> SoonCalled;
    /// Where call-only tables are, as far as anybody needed to know.
    llvm::DenseMap<llvm::orc::SymbolStringPtr, llvm::orc::ExecutorAddr> Tables;
    /// Names of definitions that were refused because of what they mention.
    llvm::StringSet<> FailedDefinitions;
    /// Names that something outside defines, as far as known.
    llvm::StringSet<> KnownOutside;
    /// For each function that was removed, and not defined anew or removed
    /// again since, what it was removed with; until that ends.
    struct LastRemoval {
      const RemovedCalls *Calls = nullptr;
      std::weak_ptr<RemovedCalls> IfNotEnded;
    };
    llvm::DenseMap<llvm::orc::SymbolStringPtr, LastRemoval> LastRemoved;
  };

  /// Whose an addition is, and which: numbers are never used again.
  struct Owner {
    llvm::orc::ResourceKey Key;
    uint64_t Addition;
    bool operator<(const Owner &O) const {
      return std::tie(Key, Addition) < std::tie(O.Key, O.Addition);
    }
  };

  /// What one call of add() or emit() brought. A tracker may own several.
  struct Input {
    Space *Home = nullptr;
    /// Which call it was.
    uint64_t Addition = 0;
    /// Tier 0's IR, shared with materialization units; null without any.
    std::shared_ptr<llvm::orc::ThreadSafeModule> TSM;
    /// Taken before M and before the IR's lock: groups of tier 0 are formed and
    /// defined one after the other, so that whoever finds a function in a group
    /// finds the group's symbols defined.
    std::shared_ptr<std::mutex> Grouping;
    std::vector<FunctionId> Functions;
    std::vector<std::string> Data;
    /// Whether other additions may mention some of it.
    bool IsShared = true;
    /// What its code and data share; null if old code is kept.
    std::shared_ptr<HeldCalls> Calls;
    std::shared_ptr<HeldData> Memory;
  };

  /// A function, and whose it is.
  struct Record : FunctionState {
    Space *Home = nullptr;
    Input *In = nullptr;
  };

  /// One object of machine code: a batch's bodies, or a group of tier 0's. It
  /// goes as a whole, since its functions may call each other directly.
  struct CodeObject {
    llvm::orc::ResourceTrackerSP RT;
    /// Functions that have, or had, a body in it.
    std::vector<FunctionId> Members;
    /// Functions whose removal makes it wrong.
    std::vector<FunctionId> Uses;
    /// Where it counts its executions; null if it does not.
    llvm::orc::ExecutorAddr ActiveCount;
    /// Addresses of its bodies were written to call-only tables.
    bool InTables = false;
    /// Of the inputs that its members belong to and those whose functions it
    /// has inside.
    llvm::SmallVector<std::shared_ptr<HeldCalls>, 1> Calls;
    llvm::SmallVector<std::shared_ptr<HeldData>, 1> Data;
    /// Lookups of its bodies that are under way; it stays meanwhile.
    unsigned Lookups = 0;
    /// One of them failed.
    bool Failed = false;
  };
  using CodeObjects = std::map<uint64_t, CodeObject>;

  /// A place in a call-only table that holds the address of a function.
  struct CallSlot {
    Space *Home;
    llvm::orc::SymbolStringPtr Table;
    uint64_t Offset;
  };
};

} // namespace reopt

#endif // REOPT_LAYERRECORDS_H
