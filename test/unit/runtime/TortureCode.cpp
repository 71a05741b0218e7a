//===- TortureCode.cpp - Versions that are cheap to make ------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TortureCode.h"

#include "TortureHost.h"
#include "reopt/ActiveCount.h"
#include "reopt/LinkObserver.h"

#include "llvm/ExecutionEngine/JITLink/JITLink.h"
#include "llvm/ExecutionEngine/JITLink/x86_64.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace llvm::orc;

extern "C" void __register_frame(void *);
extern "C" void __deregister_frame(void *);

namespace reopt::torture {

static constexpr size_t PageSize = 4096;

//===----------------------------------------------------------------------===//
// TemplateLinker
//===----------------------------------------------------------------------===//

/// Copies an object as soon as it is linked.
class TemplateLinker::Capture : public LinkObserver {
public:
  void modifyPassConfig(MaterializationResponsibility &MR,
                        jitlink::LinkGraph &G,
                        jitlink::PassConfiguration &Config) override {
    // These would call what is near without a table.
    Config.PreFixupPasses.clear();
    LinkObserver::modifyPassConfig(MR, G, Config);
  }

  Template Last;

private:
  /// The image works anywhere if it refers to itself by distance only, and to
  /// what is outside by address only.
  static void expectMovable(const jitlink::Edge &E) {
    if (!E.isRelocation())
      return;
    bool IsAddress = E.getKind() == jitlink::x86_64::Pointer64;
    EXPECT_NE(IsAddress, E.getTarget().isDefined());
  }

  void linked(jitlink::LinkGraph &G, ResourceKey) override {
    uint64_t Begin = ~uint64_t(0), End = 0;
    for (auto *B : G.blocks()) {
      Begin = std::min(Begin, B->getAddress().getValue());
      End = std::max(End, B->getAddress().getValue() + B->getSize());
    }
    Begin = alignDown(Begin, PageSize);
    Last = Template();
    Last.Image.resize(alignTo(End - Begin, PageSize));
    for (auto *B : G.blocks()) {
      for (auto &E : B->edges())
        expectMovable(E);
      if (!B->isZeroFill())
        memcpy(Last.Image.data() + (B->getAddress().getValue() - Begin),
               B->getContent().data(), B->getSize());
    }
    jitlink::SectionRange Frames(*G.findSectionByName(".eh_frame"));
    Last.EHFrame = Frames.getStart().getValue() - Begin;
    for (auto *S : G.defined_symbols())
      if (S->hasName() && *S->getName() == "f")
        Last.EntryPoint = S->getAddress().getValue() - Begin;
  }
};

TemplateLinker::TemplateLinker() : Images(std::make_shared<Capture>()) {
  initializeTarget();
  LLJITBuilder Builder;
  Builder.setPlatformSetUp(setUpInactivePlatform);
  auto JTMB = cantFail(JITTargetMachineBuilder::detectHost());
  JTMB.setRelocationModel(Reloc::PIC_);
  JTMB.setCodeModel(CodeModel::Small);
  Builder.setJITTargetMachineBuilder(std::move(JTMB));
  start(Where::InProcess, std::move(Builder));
  cast<ObjectLinkingLayer>(J->getObjLinkingLayer()).addPlugin(Images);
}

Template TemplateLinker::link(const std::string &IR) {
  auto &JD = cantFail(J->createJITDylib("t" + std::to_string(Links++)));
  JITSymbolFlags Flags = JITSymbolFlags::Exported | JITSymbolFlags::Callable;
  cantFail(JD.define(absoluteSymbols(
      {{name("throw_int"), {ExecutorAddr::fromPtr(throwInt), Flags}},
       {name("call_next"), {ExecutorAddr::fromPtr(callNext), Flags}}})));
  auto Ctx = std::make_unique<LLVMContext>();
  auto M = parseIR(IR, *Ctx);
  cantFail(countActive(*M->getFunction("f"), ExecutorAddr(EntriesWord)));
  EXPECT_EQ(getVerifierComplaint(*M), "");
  cantFail(J->addIRModule(JD, ThreadSafeModule(std::move(M), std::move(Ctx))));
  cantFail(J->lookup(JD, "f"));
  Template T = std::move(Images->Last);
  for (Constant C : {EntriesWord, ExitsWord, OwnStub, OwnIndex, OwnAddend})
    for (size_t I = 0; I + sizeof(uint64_t) <= T.Image.size(); ++I)
      if (uint64_t Value = C; !memcmp(&T.Image[I], &Value, sizeof(Value)))
        T.Places.push_back({C, I});
  return T;
}

//===----------------------------------------------------------------------===//
// CodeArena
//===----------------------------------------------------------------------===//

CodeArena::CodeArena(size_t Bytes)
    : Bytes(Bytes),
      Base(static_cast<char *>(mmap(nullptr, Bytes, PROT_NONE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                                    -1, 0))),
      Next(Base) {
  if (Base == MAP_FAILED)
    report_fatal_error("no address space for the test");
}

char *CodeArena::place(const Template &T, ArrayRef<uint64_t> Values) {
  // libgcc takes a function whose address ends in 32 zero bits for one that a
  // linker removed, and finds no unwind information for it.
  if (!(reinterpret_cast<uint64_t>(Next + T.EntryPoint) & 0xffffffff))
    Next += T.Image.size();
  char *Copy = Next;
  Next += T.Image.size();
  if (Next > Base + Bytes ||
      mprotect(Copy, T.Image.size(), PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
    report_fatal_error("no memory for the test");
  memcpy(Copy, T.Image.data(), T.Image.size());
  for (auto [C, Place] : T.Places) {
    unsigned Number = C == EntriesWord ? 0
                      : C == ExitsWord ? 1
                      : C == OwnStub   ? 2
                      : C == OwnIndex  ? 3
                                       : 4;
    memcpy(Copy + Place, &Values[Number], sizeof(uint64_t));
  }
  __register_frame(Copy + T.EHFrame);
  return Copy;
}

void CodeArena::seal(char *Copy, const Template &T) {
  __deregister_frame(Copy + T.EHFrame);
  if (mmap(Copy, T.Image.size(), PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
           0) != Copy)
    report_fatal_error("freed code cannot be made inaccessible");
}

} // namespace reopt::torture
