//===-- RecodegenFrames.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a batch has of running frames: tier 0's IR, the types that it lacks, and
// the continuations that are made of it.
//
//===----------------------------------------------------------------------===//

#include "BatchModule.h"
#include "FrameTypes.h"
#include "RecodegenJob.h"
#include "SessionIdentity.h"
#include "StatementFunctions.h"
#include "reopt/ModuleExtractor.h"
#include "reopt/OnStackReplacement.h"
#include "clang/AST/Decl.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Verifier.h"
#include "llvm/TargetParser/Host.h"

using namespace clang;

namespace reopt {

/// Statements and initialisers have no target attributes, and tier 0 compiles
/// them for this machine, as stock does. Only where it matters to results does
/// their continuation have to follow: whether a*b+c is rounded once.
static void compileForHost(llvm::Function &F) {
  if (F.hasFnAttribute("target-features") ||
      F.getParent()->getTargetTriple().str() !=
          llvm::Triple(llvm::sys::getProcessTriple()).str() ||
      llvm::none_of(llvm::instructions(F), [](const llvm::Instruction &I) {
        auto *Call = llvm::dyn_cast<llvm::IntrinsicInst>(&I);
        return Call && Call->getIntrinsicID() == llvm::Intrinsic::fmuladd;
      }))
    return;
  std::string Features;
  for (auto &[Name, Has] : llvm::sys::getHostCPUFeatures())
    Features += (Features.empty() ? "" : ",") + std::string(Has ? "+" : "-") +
                Name.str();
  F.addFnAttr("target-cpu", llvm::sys::getHostCPUName());
  F.addFnAttr("target-features", Features);
}

llvm::Error Recodegen::readFrame(Job &J, const Batch::Member &Member) {
  const std::string Name = getFrameName(Member.Id);
  llvm::SmallVector<char, 0> Bytes;
  std::string Input;
  std::optional<Reason> Why = Reason::EmissionFailed;
  J.Session.withTierZero(Member.Id, [&](const llvm::Function &F) {
    Why = F.getInstructionCount() > size_t(Opts.MaxFunction) ? Reason::TooLarge
          : isOwnBody(Member)
              ? std::nullopt
              : findReasonAgainst(const_cast<llvm::Function &>(F));
    if (!Why)
      Bytes = extractForOptimising(F, Name);
    Input = F.getParent()->getModuleIdentifier();
  });
  if (Why) {
    if (!Member.NeedsBody || isOwnBody(Member))
      J.Code.Refused.push_back({Member.Id, *Why, {}});
    return llvm::Error::success();
  }
  auto Part = llvm::parseBitcodeFile(
      llvm::MemoryBufferRef(llvm::StringRef(Bytes.data(), Bytes.size()), Name),
      J.Ctx);
  if (!Part)
    return Part.takeError();
  compileForHost(*(*Part)->getFunction(Name));
  J.Frames.push_back({Member, std::move(*Part), std::move(Input)});
  J.Code.Uses.push_back(Member.Id);
  return llvm::Error::success();
}

llvm::Error Recodegen::addFrames(Job &J, BatchModule &M) {
  // Without types where the AST is not lent: a program may have called f by its
  // address, and nobody else runs. If it is taken between the two, we wait
  // until the input that takes it has been parsed, as for what the frames call.
  if (!J.Frames.empty() && Lease.isLent()) {
    AstBorrow AST(Lease);
    for (Frame &F : J.Frames)
      if (!typeFrame(J, F, AST))
        return llvm::createStringError("the session ends");
  }
  for (Frame &F : J.Frames) {
    queueByName(J, *F.Part);
    if (auto Err = M.add(std::move(F.Part)))
      return Err;
  }
  return llvm::Error::success();
}

/// Has what \p F runs emitted once more, for its types and for the
/// declarations of what it calls. One that clang emits otherwise, or that is
/// not found, stays without. False if the AST is gone.
bool Recodegen::typeFrame(Job &J, Frame &F, AstBorrow &AST) {
  GlobalDecl Function;
  llvm::ArrayRef<TopLevelStmtDecl *> Statements;
  const bool IsStatement = isStatement(F.Of.Name);
  if (!IsStatement && !isNumberedAnew(F.Of.Name))
    if (auto GD = Index.find(F.Of.Name, [&] { return AST.yield(); }))
      Function = *GD;
  if (!AST || !AST.yield() || !Index.getContext())
    return false;
  std::vector<KnownFunction> Known;
  J.addKnown(F.Of.Id, Known);
  if (IsStatement) {
    Statements = Index.findStatements(F.Input);
    if (auto All = Index.findStatementFunctions(F.Input); !All.empty()) {
      // Which of them are known by their lengths.
      std::vector<size_t> Lengths;
      for (TopLevelStmtDecl *Statement : Statements) {
        if (!AST.yield())
          return false;
        consumeError(DefinitionEmitter(J.CI)
                         .emitFrame(*Index.getContext(), GlobalDecl(),
                                    {Statement}, J.Ctx, Known,
                                    [&](const llvm::Function &Alone) {
                                      if (isStatement(Alone.getName()))
                                        Lengths.push_back(
                                            getFrameLength(Alone));
                                      return false;
                                    })
                         .takeError());
      }
      auto Range = findStatementsOf(F.Of.Name, All, Lengths);
      if (!Range || Lengths.size() != Statements.size())
        return true;
      Statements = Statements.slice(Range->first, Range->second - Range->first);
    }
  }
  if (!Function.getDecl() && Statements.empty())
    return true;

  auto Emitted = DefinitionEmitter(J.CI).emitFrame(
      *Index.getContext(), Function, Statements, J.Ctx, Known,
      [&](const llvm::Function &Typed) {
        const bool IsIt = IsStatement ? isStatement(Typed.getName())
                                      : Typed.getName() == F.Of.Name;
        if (IsIt)
          copyAccessTypes(Typed, *F.get());
        return IsIt;
      });
  if (Emitted)
    queueMentioned(J, Emitted->Mentioned);
  else
    consumeError(Emitted.takeError());
  return true;
}

/// What \p Part calls, to be inlined. Tier 0 mentions no declarations, only
/// names. What the session has no code of may be a library's, which says its
/// body in a header: members of std::string, for one. In C, nothing is.
void Recodegen::queueByName(Job &J, const llvm::Module &Part) {
  for (const llvm::Function &F : Part) {
    llvm::StringRef Callee = F.getName();
    if (!F.isDeclaration() || F.isIntrinsic() || isNumberedAnew(Callee))
      continue;
    auto Known = J.Session.find(Callee);
    if ((Known || Callee.starts_with("_Z")) && J.Seen.insert(Callee).second) {
      ++J.Imported;
      J.Queue.push_back(
          {Callee.str(), GlobalDecl(), Known, /*IsMember=*/false});
    }
  }
}

llvm::Error Recodegen::finishFrames(Job &J, llvm::Module &M) {
  for (const Frame &F : J.Frames) {
    const Batch::Member &Member = F.Of;
    llvm::Function *Frame = M.getFunction(getFrameName(Member.Id));
    if (isOwnBody(Member)) {
      Frame->setName(Member.Name + J.Suffix);
      Frame->setLinkage(llvm::GlobalValue::ExternalLinkage);
      J.Code.Bodies.push_back({Member.Id, Frame->getName().str()});
      continue;
    }
    if (!J.Unoptimised.contains(Member.Name)) {
      J.Code.Continuations.push_back(
          {Member.Id, Member.Name + ".loops" + J.Suffix});
      createContinuations(*Frame, J.Code.Continuations.back().Table,
                          J.Session.getLoopRequest(Member.Id));
    }
    Frame->eraseFromParent();
  }
  std::string Problem;
  llvm::raw_string_ostream OS(Problem);
  if (!J.Frames.empty() && llvm::verifyModule(M, &OS))
    return llvm::createStringError("a continuation is broken: " + Problem);
  return llvm::Error::success();
}

} // namespace reopt
