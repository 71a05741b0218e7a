//===- InterpreterHooks.cpp - Take part in a host's interpreter -----------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only file of this room that includes clang headers: it takes long to
// compile, so it holds nothing that can be elsewhere.
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/InterpreterHooks.h"

#include "HostSymbols.h"
#include "LineFilter.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Interpreter/Interpreter.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h" // to make a builder
#include "llvm/LineEditor/LineEditor.h"
#include <atomic>
#include <cstring>
#include <thread>

using namespace interp_patches;

using CompilerInstancePtr = std::unique_ptr<clang::CompilerInstance>;
using BuilderPtr = std::unique_ptr<clang::IncrementalExecutorBuilder>;
using CreateResult = llvm::Expected<std::unique_ptr<clang::Interpreter>>;

namespace {
/// What the replacements need to know from one call to the next.
struct Session {
  InterpreterHooks Hooks;
  /// Touched only by the thread that reads lines.
  LineFilter Lines;
  /// The thread that is inside readLine, if any: an interpreter which that
  /// thread creates is for completion.
  std::atomic<std::thread::id> Reader{};
};
} // namespace

/// HACK: a global. The host calls the replacements through a bare function
/// pointer and with its own arguments, so they have no other way to find their
/// state. Set once and never freed, since a host may read lines or make
/// interpreters while static destructors run.
/// Goes away with the patches themselves.
static std::atomic<Session *> TheSession{nullptr};

template <typename Hook, typename... Args>
static void notify(const Hook &H, Args &&...As) {
  if (H)
    H(std::forward<Args>(As)...);
}

/// Replaces `Interpreter::create`, a static member, hence of the same type. The
/// calls in here reach the real one: our own slots are never redirected.
static CreateResult createWithHooks(CompilerInstancePtr CI,
                                    BuilderPtr Builder) {
  Session *S = TheSession.load(std::memory_order_acquire);
  if (!S || !CI)
    return clang::Interpreter::create(std::move(CI), std::move(Builder));

  // clang makes a default builder itself where none is given; do it here, so
  // that hosts which give none can be taken part in as well.
  bool ForCompletion = !Builder && S->Reader == std::this_thread::get_id();
  if (!Builder && !ForCompletion)
    Builder = std::make_unique<clang::IncrementalExecutorBuilder>();

  notify(S->Hooks.BeforeCreate, *CI, Builder.get());
  CreateResult Result =
      clang::Interpreter::create(std::move(CI), std::move(Builder));
  if (Result && !ForCompletion)
    notify(S->Hooks.AfterCreate, **Result);
  return Result;
}

/// Replaces `LineEditor::readLine() const`. HACK: a free function takes the
/// place of a member function; under the Itanium C++ ABI, `this` is passed as
/// the first parameter, as here. The test of InterpreterHooks relies on it too.
static std::optional<std::string>
readLineWithHooks(const llvm::LineEditor *Editor) {
  Session *S = TheSession.load(std::memory_order_acquire);
  if (!S)
    return Editor->readLine();

  while (true) {
    notify(S->Hooks.BeforeReadLine);
    S->Reader = std::this_thread::get_id();
    std::optional<std::string> Line = Editor->readLine();
    S->Reader = std::thread::id();
    notify(S->Hooks.AfterReadLine);

    if (Line && S->Lines.isWholeInput(*Line) && S->Hooks.OnLine &&
        S->Hooks.OnLine(*Line))
      continue;
    return Line;
  }
}

ImportedFunction interp_patches::interpreterCreate() {
  CreateResult (*Definition)(CompilerInstancePtr, BuilderPtr) =
      &clang::Interpreter::create;
  return {"_ZN5clang11Interpreter6createESt10unique_ptrINS_"
          "16CompilerInstanceESt14default_deleteIS2_EES1_INS_"
          "26IncrementalExecutorBuilderES3_IS6_EE",
          reinterpret_cast<void *>(Definition)};
}

ImportedFunction interp_patches::lineEditorReadLine() {
  // HACK: a pointer to a non-virtual member function begins with the function's
  // address (Itanium C++ ABI); the language has no cast for it.
  std::optional<std::string> (llvm::LineEditor::*Member)() const =
      &llvm::LineEditor::readLine;
  void *Definition;
  std::memcpy(&Definition, &Member, sizeof(Definition));
  return {"_ZNK4llvm10LineEditor8readLineB5cxx11Ev", Definition};
}

llvm::Expected<Installed> interp_patches::rescan() {
  if (!TheSession.load(std::memory_order_acquire))
    return llvm::createStringError("no interpreter hooks are installed");
  Installed Result;
  if (auto Slots = redirectImports(interpreterCreate(),
                                   reinterpret_cast<void *>(&createWithHooks)))
    Result.CreateSlots = *Slots;
  else
    return Slots.takeError();
  if (auto Slots = redirectImports(
          lineEditorReadLine(), reinterpret_cast<void *>(&readLineWithHooks)))
    Result.ReadLineSlots = *Slots;
  else
    return Slots.takeError();
  return Result;
}

llvm::Expected<Installed> interp_patches::install(InterpreterHooks Hooks) {
  if (TheSession.load(std::memory_order_acquire))
    return llvm::createStringError("interpreter hooks are installed already");
  auto *New = new Session;
  New->Hooks = std::move(Hooks);
  TheSession.store(New, std::memory_order_release);
  llvm::Expected<Installed> Result = rescan();
  // Slots that are written already then pass their calls on unchanged. The
  // session is not freed: a thread may have entered a replacement meanwhile.
  if (!Result)
    TheSession.store(nullptr, std::memory_order_release);
  return Result;
}
