//===- LayerSetup.h - What a layer is made with -----------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// What ReOptimizeLayer::Create() has to know: the client's layers around it,
/// who compiles, and what becomes of old code. In ReOptimizeLayer these are
/// Setup and OldCode.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LAYERSETUP_H
#define REOPT_LAYERSETUP_H

#include "llvm/ADT/FunctionExtras.h"
#include "llvm/ExecutionEngine/Orc/Layer.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/IR/DataLayout.h"
#include <chrono>
#include <cstdint>
#include <functional>

namespace reopt {

/// What becomes of code that was replaced, or whose functions were removed.
enum class OldCode : uint8_t {
  /// What was replaced stays as long as its functions do. Code of removed
  /// functions is unmapped at once: nobody may be in it.
  Keep,
  /// Code is freed when it is proven that nobody is in it (Reclaimer.h), and
  /// data that add() brought with the last code that may use it. Tier 0, and
  /// bodies that will be replaced, count their executions: two atomic
  /// additions a call. Call-only tables lead to stubs. Functions without
  /// stubs are taken to be on stacks of threads only.
  Count,
  /// As Count, but without counts and for all code: for programs without
  /// stacks that no thread runs on (fibers, makecontext).
  Observe,
};

/// Where the layer stands among the client's. All of it outlives the layer.
struct LayerSetup {
  /// Compiles tier 0, data and initialisers. User threads come to it at
  /// their first calls: if there are several, it must compile for several
  /// threads at a time.
  llvm::orc::IRLayer &Base;
  /// Links new bodies. Base's objects must come to it too: it is where tier
  /// 0's code is told from other code.
  llvm::orc::ObjectLinkingLayer &Linker;
  llvm::DataLayout Layout;
  using AddFn = llvm::unique_function<llvm::Error(llvm::orc::ResourceTrackerSP,
                                                  llvm::orc::ThreadSafeModule)>;
  /// How add() adds data and initialisers; Base.add() if it is null.
  AddFn AddRest;
  using CreateJITDylibFn =
      llvm::unique_function<llvm::Expected<llvm::orc::JITDylib &>(
          std::string Name)>;
  /// Makes the JITDylib for the code that tripping functions call, which goes
  /// through Base, and so may mention whatever a transform there adds to it;
  /// ExecutionSession::createJITDylib() if it is null.
  CreateJITDylibFn CreateJITDylib;
  /// Whether add() refuses a module whose initialisers reach, by name, what
  /// nobody defines: a lazy function has nobody to tell when it is called.
  bool CheckReferences = false;
  /// Threads that compile. With none, the single-threaded mode, the thread
  /// that trips does, and links if the session runs tasks in place; or, if
  /// that is in another process, the one that serves its trip, while it
  /// waits.
  unsigned Workers = 1;
  /// The clock that the queue goes by; steady_clock's if it is null.
  std::function<std::chrono::steady_clock::time_point()> Clock = nullptr;
  /// Where threads cannot be observed (a remote executor, another system),
  /// it is Keep, and LayerStatus::Obstacle says why.
  OldCode Old = OldCode::Keep;
  /// What a function is called instead of that cannot be compiled on its
  /// first call, with that call's arguments; the session's error reporter has
  /// been told why. If it is null, the program is ended. As the error address
  /// of LLVM's LazyCallThroughManager.
  llvm::orc::ExecutorAddr OnFailedCall = llvm::orc::ExecutorAddr();
};

} // namespace reopt

#endif // REOPT_LAYERSETUP_H
