//===-- LibraryInliner.cpp ------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryInliner.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/Analysis/InlineCost.h"
#include "llvm/IR/Attributes.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <vector>

using namespace llvm;

namespace reopt {

namespace {

/// Instructions that a caller grows to at most: chains of small functions make
/// large ones, which are called from many places.
constexpr unsigned MaxCallerSize = 600;

/// Whether \p LinkerName is of std or __gnu_cxx, by Itanium's mangling: with
/// its abbreviations, as a member or not.
bool isOfLibrary(StringRef LinkerName) {
  if (!LinkerName.consume_front("_Z"))
    return false;
  // Of a nested name, const and the like come first.
  if (LinkerName.consume_front("N"))
    LinkerName = LinkerName.ltrim("rVKRO");
  return LinkerName.starts_with("St") || LinkerName.starts_with("Sa") ||
         LinkerName.starts_with("Ss") || LinkerName.starts_with("9__gnu_cxx");
}

/// Whether \p F looks at its own frame or its caller's.
bool asksForFrame(const Function &F) {
  return any_of(instructions(F), [](const Instruction &I) {
    auto *Call = dyn_cast<IntrinsicInst>(&I);
    return Call &&
           is_contained({Intrinsic::returnaddress, Intrinsic::frameaddress,
                         Intrinsic::addressofreturnaddress},
                        Call->getIntrinsicID());
  });
}

bool hasLoop(const Function &F) {
  SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 1> Loops;
  FindFunctionBackedges(F, Loops);
  return !Loops.empty();
}

bool hasFloats(const Function &F) {
  auto IsFloat = [](const Value &V) {
    return V.getType()->isFPOrFPVectorTy() || V.getType()->isVectorTy();
  };
  return any_of(instructions(F), [&](const Instruction &I) {
    return IsFloat(I) || any_of(I.operand_values(),
                                [&](const Value *V) { return IsFloat(*V); });
  });
}

/// Whether \p Callee computes the same when it is compiled for what \p Caller
/// is compiled for. Statements at the prompt are compiled for the processor at
/// hand, which may round a product and a sum once.
bool keepsResults(const Function &Caller, const Function &Callee) {
  for (const char *Kind : {"target-cpu", "target-features", "tune-cpu"})
    if (Caller.getFnAttribute(Kind) != Callee.getFnAttribute(Kind))
      return !hasFloats(Callee);
  return true;
}

class Inliner {
public:
  Inliner(unsigned MaxSize, const StringSet<> &Kept)
      : MaxSize(MaxSize), Kept(Kept) {}

  void run(Module &M) {
    for (Function &F : M)
      if (!F.isDeclaration())
        visit(F);
    removeUnused();
  }

private:
  enum class Visit : uint8_t { Begun, Done };
  struct Known {
    Visit State;
    unsigned Size;
    bool IsInlined;
  };

  /// A function whose callees are being visited.
  struct Open {
    Function *F;
    SmallVector<CallBase *, 16> Calls;
    size_t Next = 0;
  };

  /// Callees first, so that what is small stays small with what it calls. A
  /// chain of calls may be too long for the stack.
  void visit(Function &Root) {
    std::vector<Open> Path;
    begin(Root, Path);
    while (!Path.empty()) {
      Open &Last = Path.back();
      if (Last.Next != Last.Calls.size()) {
        begin(*Last.Calls[Last.Next++]->getCalledFunction(), Path);
        continue;
      }
      end(*Last.F, Last.Calls);
      Path.pop_back();
    }
  }

  /// Puts \p F at the end of \p Path if nobody has visited it.
  void begin(Function &F, std::vector<Open> &Path) {
    if (!Functions.try_emplace(&F, Known{Visit::Begun, 0, false}).second)
      return;
    Open &New = Path.emplace_back(Open{&F, {}});
    for (Instruction &I : instructions(F))
      if (auto *Call = dyn_cast<CallBase>(&I))
        if (Function *Callee = Call->getCalledFunction();
            Callee && !Callee->isDeclaration())
          New.Calls.push_back(Call);
  }

  void end(Function &F, ArrayRef<CallBase *> Calls) {
    unsigned Size = F.getInstructionCount();
    const bool Loops = hasLoop(F);
    if (!Loops && !F.getSubprogram())
      for (CallBase *Call : Calls)
        Size += inlineCall(*Call, Size);
    Functions[&F] = {Visit::Done, Size,
                     !Loops && Size <= MaxSize && isInlinable(F)};
    if (Functions[&F].IsInlined)
      Inlinable.push_back(&F);
  }

  /// Returns by how much the caller, of \p Size instructions, grew.
  unsigned inlineCall(CallBase &Call, unsigned Size) {
    Function &Caller = *Call.getFunction(), &Callee = *Call.getCalledFunction();
    const Known &K = Functions.find(&Callee)->second;
    if (K.State != Visit::Done || !K.IsInlined ||
        Size + K.Size > MaxCallerSize || !keepsResults(Caller, Callee) ||
        !AttributeFuncs::areInlineCompatible(Caller, Callee))
      return 0;
    InlineFunctionInfo Info;
    return InlineFunction(Call, Info, /*MergeAttributes=*/true).isSuccess()
               ? K.Size
               : 0;
  }

  bool isInlinable(Function &F) const {
    return F.hasLinkOnceODRLinkage() && isOfLibrary(F.getName()) &&
           !Kept.contains(F.getName()) && !F.isVarArg() && !F.getSubprogram() &&
           !asksForFrame(F) && isInlineViable(F).isSuccess();
  }

  /// Callers come behind what they call.
  void removeUnused() {
    for (Function *F : reverse(Inlinable))
      if (F->use_empty())
        F->eraseFromParent();
  }

  const unsigned MaxSize;
  const StringSet<> &Kept;
  DenseMap<Function *, Known> Functions;
  SmallVector<Function *, 32> Inlinable;
};

} // namespace

void inlineLibrary(Module &M, unsigned MaxSize, const StringSet<> &Kept) {
  if (MaxSize)
    Inliner(MaxSize, Kept).run(M);
}

} // namespace reopt
