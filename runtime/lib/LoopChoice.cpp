//===-- LoopChoice.cpp ----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopChoice.h"
#include "reopt/Cell.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/AssumptionCache.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

using namespace llvm;

namespace reopt {

namespace {

/// The most back-edges that each loop takes each time it is entered; 0 where
/// nobody knows. Tier 0's variables hide that, so it is asked of a copy that
/// has them in registers.
class LoopLengths {
public:
  explicit LoopLengths(Function &Frame) : Copy(CloneFunction(&Frame, Map)) {
    SmallVector<AllocaInst *, 16> Variables;
    for (Instruction &I : Copy->getEntryBlock())
      if (auto *A = dyn_cast<AllocaInst>(&I); A && isAllocaPromotable(A))
        Variables.push_back(A);
    DominatorTree DT(*Copy);
    PromoteMemToReg(Variables, DT);
  }
  ~LoopLengths() { Copy->eraseFromParent(); }

  /// By the headers in Frame.
  DenseMap<const BasicBlock *, unsigned> find(ArrayRef<LoopPoint> Points) {
    DominatorTree DT(*Copy);
    LoopInfo LI(DT);
    AssumptionCache AC(*Copy);
    TargetLibraryInfoImpl Library(Copy->getParent()->getTargetTriple());
    TargetLibraryInfo TLI(Library);
    ScalarEvolution SE(*Copy, TLI, AC, DT, LI);
    DenseMap<const BasicBlock *, unsigned> Lengths;
    for (const LoopPoint &Point : Points) {
      auto *Header = cast<BasicBlock>(Map.lookup(Point.Header));
      const Loop *L = LI.getLoopFor(Header);
      if (L && L->getHeader() == Header)
        Lengths[Point.Header] = SE.getSmallConstantMaxTripCount(L);
    }
    return Lengths;
  }

private:
  ValueToValueMapTy Map;
  Function *Copy;
};

class LoopChooser {
public:
  LoopChooser(Function &Frame, ArrayRef<LoopPoint> Points,
              const LoopRequest &Wanted)
      : Frame(Frame), Points(Points), Wanted(Wanted), DT(Frame), LI(DT) {
    for (auto [I, Point] : enumerate(Points))
      Numbers[Point.Header] = I;
  }

  std::vector<LoopChoice> choose() {
    std::vector<LoopChoice> Choices(Points.size());
    for (auto [I, Point] : enumerate(Points))
      if (Point.Refused)
        Choices[I].Kind = LoopChoice::Refused;
    const uint64_t Running =
        Wanted.Running ? Wanted.Running : findLoopsThatCall();
    SmallSetVector<unsigned, 8> Here;
    for (unsigned I = 0; I != Points.size(); ++I) {
      if (Points[I].Refused || !(Running & getLoopBit(I)))
        continue;
      // Nobody knows which of those that share a bit runs. Making code for all
      // of them would take longer than it gains.
      if (!isExact(I))
        Here.insert(findLoopAround(I));
      else if (I < 63)
        Here.insert(I);
      else
        Choices[I].Kind = LoopChoice::Refused;
    }
    // A frame that has done with one loop goes on to those behind it. It may be
    // there already when the code is ready.
    SmallSetVector<unsigned, 8> First;
    auto TakeUnlessBehind = [&](unsigned I, const auto &Others) {
      if (none_of(Others, [&](unsigned Of) { return isBehind(I, Of); })) {
        Choices[I].Kind = LoopChoice::Here;
        First.insert(I);
      }
    };
    for (unsigned I : Here)
      TakeUnlessBehind(I, Here);
    // Where jumps lead back without a loop around, one may be behind the other
    // and the other behind the one.
    for (unsigned I : Here)
      TakeUnlessBehind(I, First);
    for (unsigned I = 0; I != Points.size(); ++I) {
      if (Choices[I].Kind != LoopChoice::OnRequest)
        continue;
      auto *Of = find_if(First, [&](unsigned Of) { return isBehind(I, Of); });
      if (Of != First.end())
        Choices[I] = {LoopChoice::Behind, *Of};
    }
    // A frame may be in any loop of such a nest, and reach its header as well.
    for (unsigned I = 0; I != Points.size(); ++I)
      if (Choices[I].Kind == LoopChoice::OnRequest && !isExact(I) &&
          any_of(enumerate(Choices), [&](const auto &Choice) {
            const auto Kind = Choice.value().Kind;
            return (Kind == LoopChoice::Here || Kind == LoopChoice::Behind) &&
                   isInside(I, Choice.index());
          }))
        Choices[I].Kind = LoopChoice::Around;
    return Choices;
  }

private:
  /// The loop that Points[I] is the header of; null if that is no natural loop.
  const Loop *getLoop(unsigned I) const {
    const Loop *L = LI.getLoopFor(Points[I].Header);
    return L && L->getHeader() == Points[I].Header ? L : nullptr;
  }

  bool isExact(unsigned I) const { return Wanted.Exactly & getLoopBit(I); }

  /// Whether code that begins at loop \p Of runs through loop \p I afterwards
  /// and can be entered there: no loop is around \p I but those around \p Of,
  /// whose begun iterations are ended in that code, too; and its state is in
  /// variables, since values would need phis.
  bool isBehind(unsigned I, unsigned Of) const {
    const Loop *L = getLoop(I), *From = getLoop(Of);
    if (I == Of || Points[I].Refused || !L || !From || L->contains(From) ||
        From->contains(L) || !all_of(Points[I].State, [](const Value *V) {
          auto *A = dyn_cast<AllocaInst>(V);
          return isa<Argument>(V) || (A && A->isStaticAlloca());
        }))
      return false;
    const Loop *Parent = L->getParentLoop();
    if (Parent && !Parent->contains(From))
      return false;
    while (From->getParentLoop() != Parent)
      From = From->getParentLoop();
    // Not by way of the header around both: what comes after is another copy.
    SmallPtrSet<const BasicBlock *, 32> Seen{From->getHeader()};
    if (Parent)
      Seen.insert(Parent->getHeader());
    SmallVector<const BasicBlock *, 32> Work{From->getHeader()};
    while (!Work.empty())
      for (const BasicBlock *Next : successors(Work.pop_back_val())) {
        if (Next == L->getHeader())
          return true;
        if (Seen.insert(Next).second)
          Work.push_back(Next);
      }
    return false;
  }

  bool isInside(unsigned Inner, unsigned Outer) const {
    const Loop *In = getLoop(Inner), *Out = getLoop(Outer);
    return In && Out && In != Out && Out->contains(In);
  }

  /// The innermost loops that call, or all if none does.
  uint64_t findLoopsThatCall() const {
    uint64_t Found = 0;
    for (auto [I, Point] : enumerate(Points)) {
      const Loop *L = LI.getLoopFor(Point.Header);
      if (L && any_of(L->blocks(), [&](const BasicBlock *B) {
            return LI.getLoopFor(B) == L &&
                   any_of(*B, [](const Instruction &I) {
                     return isa<CallBase>(I) && !isa<IntrinsicInst>(I);
                   });
          }))
        Found |= getLoopBit(I);
    }
    return Found ? Found : AllLoops;
  }

  /// The outermost loop around loop \p I whose header a frame reaches soon.
  unsigned findLoopAround(unsigned I) {
    unsigned Best = I;
    // At most, inside the loop that is looked at.
    uint64_t BackEdges = 1;
    const Loop *L = getLoop(I);
    while (L) {
      BackEdges = SaturatingMultiply<uint64_t>(BackEdges, getLength(*L));
      L = L->getParentLoop();
      auto Number = L ? Numbers.find(L->getHeader()) : Numbers.end();
      if (Number == Numbers.end() || Points[Number->second].Refused)
        continue;
      const bool ComesRound =
          I >= 63 || (Number->second < 63 &&
                      Wanted.Iterating & getLoopBit(Number->second));
      if (ComesRound || BackEdges <= MaxWaitForLoop)
        Best = Number->second;
    }
    return Best;
  }

  uint64_t getLength(const Loop &L) {
    if (!HasLengths && L.getParentLoop())
      Lengths = LoopLengths(Frame).find(Points);
    HasLengths = true;
    const unsigned Length = Lengths.lookup(L.getHeader());
    return Length ? Length : std::numeric_limits<uint64_t>::max();
  }

  Function &Frame;
  ArrayRef<LoopPoint> Points;
  const LoopRequest &Wanted;
  DominatorTree DT;
  LoopInfo LI;
  DenseMap<const BasicBlock *, unsigned> Numbers;
  DenseMap<const BasicBlock *, unsigned> Lengths;
  bool HasLengths = false;
};

} // namespace

std::vector<LoopChoice> chooseLoops(Function &Frame,
                                    const std::vector<LoopPoint> &Points,
                                    const LoopRequest &Wanted) {
  return LoopChooser(Frame, Points, Wanted).choose();
}

} // namespace reopt
