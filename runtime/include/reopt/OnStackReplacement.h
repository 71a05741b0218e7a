//===- OnStackReplacement.h - Loops that go on elsewhere --------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// How a loop that is already running gets fast.
///
/// The idea. Code of clang's -O0 keeps each variable in an alloca. At the
/// header of a loop the state of a frame is therefore known from the IR alone:
/// its allocas, and the few SSA values (arguments that are passed in memory,
/// values that a policy's own IR keeps) that live across the header. A
/// *continuation* is a function of that state. It starts at the loop's header
/// and runs to the function's end. A frame of tier 0 that finds a continuation
/// at a back-edge calls it and returns what it returns:
///
///   tier 0                                  continuation(state)
///     entry: allocas                          entry: copies of allocas
///     ...                                     br header
///     header  <-------+                       header, body, all behind it,
///     body            |                       as in tier 0, at -O3
///     back-edge: is there a continuation? --> ret
///       ret (call continuation(state))
///
/// The old frame stays on the stack beneath until then, so that its variables
/// keep their addresses. It does nothing any more: clean-ups that lie ahead
/// are the continuation's, which has the landing pads of the regions in which
/// it starts. The call in tier 0 is no invoke, so an exception passes through
/// the old frame once and finds no action there.
///
/// What is state. For a header H:
///
///   state(H) = the static allocas that code reachable from H uses,
///            + arguments and instructions defined above H that such code uses,
///            + the phis of H, with the value of the edge on which one polls.
///
/// Whoever instruments tier 0 and whoever makes the continuation compute it
/// separately, maybe days apart, from equal IR. So all that findLoopPoints()
/// returns depends on the order of instructions and nothing else.
///
/// Variables in registers. An alloca whose address nobody can have is copied to
/// an alloca of the continuation, which the optimiser then takes apart. Nothing
/// is copied back, since the old frame never looks again. All others are used
/// where they are. To see that `v.push_back(i)` does not keep the address of v,
/// the analysis follows pointers into callees that are in the same module: add
/// them before. Large allocas stay where they are, too, and are marked as
/// aliased by nothing.
///
/// Nested loops. A frame is mostly caught in an inner loop. Code that enters
/// there and runs on through the outer loops would not have the shape of a loop
/// nest any more (the outer loop would be entered in its middle), and little of
/// -O3 would work on it. So for loops L1 (the one that is entered) inside L2
/// inside ... Lk there are k copies of the code: L1 runs to its end in copy 1,
/// the begun iteration of L2 is finished there too and goes on at the header of
/// L2 in copy 2, and so on. Copy k is the whole nest. What follows the nest is
/// there once. SSA values that cross blocks are put into allocas before, so
/// that copies need no phis; mem2reg takes them out again.
///
/// All these copies have to be compiled while the frame waits. If the loop
/// around comes back to its header soon, it is better to wait for that and to
/// leave there: one copy, and the shape that the source has. Two things say
/// that it will: it was seen to come round while tier 0 polled, or the loops
/// inside it run a number of times that is known and small. Should it not come
/// after all, the inner loop is continued as above (LoopRequest).
///
/// One loop behind the other. When the code for one is ready, a frame may have
/// done with it, and be in the next; if that asked for code of its own, it
/// would be done as well when it comes, and so on. But the code of the first
/// runs through the others anyway. So it can be entered at each of them: at
/// those that no loop is around but those around the first.
///
/// Where tier 0 looks. Not at each back-edge: that costs nothing more than the
/// count, which it does already. When the count gets negative the slow path
/// looks at the cell's third word (Cell.h), and so every PollInterval
/// back-edges from the first trip on. A thread thus moves at most PollInterval
/// back-edges of its function after the continuation was published, whatever
/// the others do, and no thread ever waits.
///
/// What is refused. There is a reason for each loop that cannot be continued;
/// REOPT_REASON(Osr...) in Reasons.def has them.
///
/// The same idea, for other reasons, is in D'Elia and Demetrescu, "Flexible
/// On-Stack Replacement in LLVM" (CGO 2016), which compiles the state transfer
/// into the code as we do.
///
/// All of this works on IR of one context and is called by whoever has that
/// context.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_ONSTACKREPLACEMENT_H
#define REOPT_ONSTACKREPLACEMENT_H

#include "reopt/Reasons.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace llvm {
class BasicBlock;
class Function;
class FunctionType;
class Value;
} // namespace llvm

namespace reopt {

/// Where tables of continuations lie in an object. Whoever looks whether a
/// thread is about to enter the object's code has to know: it holds the address
/// of the table first.
constexpr const char *ContinuationSection = "reopt.continuations";

/// Sets of loops by number, as getLoopBit() in Cell.h has them.
constexpr uint64_t AllLoops = ~uint64_t(0);

/// What continuations are wanted for.
struct LoopRequest {
  /// Frames run in these. If it is empty, nobody knows in which, but the
  /// function called something: the innermost loops that call are meant, or all
  /// if none does.
  uint64_t Running = AllLoops;
  /// These came round while tier 0 polled: a frame in a loop inside them had
  /// better be left at theirs.
  uint64_t Iterating = 0;
  /// Running loops that frames are to be left at, whatever is around them.
  uint64_t Exactly = AllLoops;
};

/// A loop at whose back-edges a frame can be left: a block to which control
/// comes back.
struct LoopPoint {
  llvm::BasicBlock *Header = nullptr;
  /// Blocks with an edge back to Header.
  std::vector<llvm::BasicBlock *> Latches;
  /// Why there is no continuation.
  std::optional<Reason> Refused;
  /// What the continuation is passed. Empty if it is refused.
  std::vector<llvm::Value *> State;
};

/// The loops of \p F, which must be as it was when tier 0 was made of it. The
/// index of a loop is its number.
std::vector<LoopPoint> findLoopPoints(llvm::Function &F);

/// Nothing if \p F has a loop that can be continued, else why it has not.
std::optional<Reason> findReasonAgainst(llvm::Function &F);

/// Type of the continuation of \p Point in \p F.
llvm::FunctionType *getContinuationType(const llvm::Function &F,
                                        const LoopPoint &Point);

/// What makes the new code of one batch: continuations, in a module that has
/// what they call.
///
/// Frame is tier 0's IR of a function. It is not changed, and not needed any
/// more afterwards. Callees are changed: their own variables are put into
/// registers.
///
/// Defines a variable \p TableName in Frame's module, with external linkage,
/// that is to be published as the function's Cell::Continuations; it is laid
/// out as ContinuationTable in Cell.h. \p Frame has a loop that can be
/// continued.
///
/// A continuation is as much code as the function has behind its loop, several
/// times in a nest. So only those are made that are wanted. Others are asked
/// for when somebody is found to run in them.
void createContinuations(llvm::Function &Frame, llvm::StringRef TableName,
                         const LoopRequest &Wanted = LoopRequest());

} // namespace reopt

#endif // REOPT_ONSTACKREPLACEMENT_H
