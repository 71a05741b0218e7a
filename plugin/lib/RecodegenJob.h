//===- RecodegenJob.h -------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A batch on its way through Recodegen: what it wants, and what it has.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_RECODEGENJOB_H
#define REOPT_CLANG_RECODEGENJOB_H

#include "Recodegen.h"
#include "UnstableTypes.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Module.h"
#include <deque>

namespace reopt {

/// What tier 0's code of function \p Id is called while it is in a batch.
inline std::string getFrameName(FunctionId Id) {
  return "reopt.frame." + std::to_string(Id);
}

/// Whether what tier 0 runs of \p Member is to be its body as well: no
/// declaration of statements has one.
inline bool isOwnBody(const Batch::Member &Member) {
  return Member.RunsOnce && Member.NeedsBody;
}

/// A function of tier 0 that is running, to be continued, or its own body.
struct Recodegen::Frame {
  Batch::Member Of;
  /// What tier 0 compiled, under the frame's name, until the batch's module has
  /// it; and the module of the session that it comes from.
  std::unique_ptr<llvm::Module> Part;
  std::string Input;

  llvm::Function *get() const { return Part->getFunction(getFrameName(Of.Id)); }
};

/// A batch on its way.
struct Recodegen::Job {
  Job(const SessionView &Session, NewCode &Code, clang::CompilerInstance &CI,
      llvm::LLVMContext &Ctx, std::string Suffix, bool IsSpeculative,
      size_t SmallFunction)
      : Session(Session), Code(Code), CI(CI), Ctx(Ctx),
        Suffix(std::move(Suffix)), IsSpeculative(IsSpeculative),
        SmallFunction(SmallFunction) {}

  const SessionView &Session;
  NewCode &Code;
  clang::CompilerInstance &CI;
  llvm::LLVMContext &Ctx;
  const std::string Suffix;
  const bool IsSpeculative;
  const size_t SmallFunction;

  struct Wanted {
    std::string Name;
    clang::GlobalDecl Decl;
    /// The session's function of this name, if it has one.
    std::optional<SessionView::Entry> Known;
    /// Members get a body or a refusal; callees may be left out.
    bool IsMember;
    /// It did not come out together with others.
    bool IsAlone = false;
  };
  std::deque<Wanted> Queue;
  /// All names that were ever queued.
  llvm::StringSet<> Seen;
  /// Names whose definitions are in the module.
  llvm::StringSet<> Emitted;
  llvm::StringMap<std::string> Bodies;
  /// Those of them that are needed only if something calls them.
  llvm::StringSet<> IfCalled;
  /// Functions whose tier-0 frames are to be continued.
  std::vector<Frame> Frames;
  /// Members that the user does not want to be optimised.
  llvm::StringSet<> Unoptimised;
  size_t Imported = 0;
  /// See NewCode.
  bool GaveWay = false;

  /// Instructions that \p W has in tier 0, or a guess.
  size_t getTierZeroSize(const Wanted &W) const {
    // A guess, of what has no tier 0.
    size_t Size = 20;
    if (W.Known)
      Session.withTierZero(W.Known->Id, [&](const llvm::Function &F) {
        Size = F.getInstructionCount();
      });
    return Size;
  }
  /// The types of what \p Id mentions in tier 0, in our context.
  void addKnown(FunctionId Id, std::vector<KnownFunction> &Known) const {
    Session.withTierZero(Id, [&](const llvm::Function &F) {
      for (auto &K : getKnownFunctions(F))
        if (auto *Ty = translateType(K.Type, Ctx))
          Known.push_back({std::move(K.Name), Ty});
    });
  }
  void refuse(const Wanted &W, Reason Why, std::string Detail = {}) {
    Code.Refused.push_back({W.Known->Id, Why, std::move(Detail)});
  }
  void publish(const Wanted &W) {
    std::string Body = W.Name + Suffix;
    Code.Bodies.push_back({W.Known->Id, Body});
    Bodies[W.Name] = std::move(Body);
  }
  /// Whether callee \p W, of \p Size instructions, gets a body along with its
  /// caller. What will be inlined needs none for this batch; but nothing that
  /// is speculated about was called yet, and it is not to wait for tier 0 when
  /// it turns out not to be inlined.
  bool isPublishedAlong(const Wanted &W, size_t Size) const {
    return W.Known && W.Known->St != Stage::Tier1 &&
           W.Known->St != Stage::Refused && !isNumberedAnew(W.Name) &&
           (IsSpeculative || (W.Known->Warm && Size > SmallFunction));
  }
  /// Why there is no AST any more: the session ends, or speculation gives way.
  llvm::Error lostAst() {
    GaveWay = IsSpeculative;
    return llvm::createStringError("the session ends");
  }
};

} // namespace reopt

#endif // REOPT_CLANG_RECODEGENJOB_H
