//===- HookEntry.h - The hook that machine code calls -----------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// What `__orc_rt_reoptimize` is in the executor. Where machine code runs in
/// this process it is reopt_hook, and the id that code passes is the address of
/// its TripRecord.
///
/// In any other executor it is a function of ours, made from IR by the client's
/// own compile layer. It sends (id, version, caller) to the session by JIT
/// dispatch and returns when that has answered. The session looks the record up
/// by the id, which is a number then and trusted no further than that, pushes
/// it on its inbox, and answers: nothing is compiled, and no lock of the layer
/// is taken, while the tripping thread waits. A dispatch cannot be sent without
/// waiting for its answer, so a trip costs one round trip, once per arming.
///
/// The ORC runtime has a function of the same name. Ours comes first, since the
/// JITDylib of the code that calls it has it, or re-exports it. It needs no
/// runtime, as the rest of this library; it passes the caller, by which roots
/// are found; it preserves errno; when the session is gone it does nothing,
/// where the runtime's ends the program; and it has a tag of its own, while the
/// runtime's tag has room for one handler in a session, which may be another
/// layer's. Code that was made for the runtime's, which passes two arguments,
/// may call it: what is in the third one's register is then taken for a caller,
/// which at worst names another root.
///
/// To machine code the hook is a C function. It clobbers what a call may
/// clobber, and the code that calls it was compiled knowing that. In another
/// process it must not be called in a signal handler: the executor's end of the
/// connection takes locks and memory.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_HOOKENTRY_H
#define REOPT_HOOKENTRY_H

#include "reopt/Hook.h"
#include "llvm/ExecutionEngine/Orc/Core.h"
#include <memory>

namespace llvm {
class DataLayout;
namespace orc {
class IRLayer;
class ThreadSafeModule;
} // namespace orc
} // namespace llvm

namespace reopt {

/// Whether \p EPC's executor is this process. One that cannot be told is taken
/// for another: that is slower, and right for any.
bool isThisProcess(const llvm::orc::ExecutorProcessControl &EPC);

/// Thread-safe; one mutex guards the records, and no callback is made under it.
class HookEntry {
public:
  /// \p ES outlives this object. Errors: an executor in another process that
  /// has no JIT dispatch.
  static llvm::Expected<std::unique_ptr<HookEntry>>
  Create(llvm::orc::ExecutionSession &ES);

  /// As shutdown().
  ~HookEntry();

  /// Defines the hook in the JITDylib of \p RT, where it lives until RT is
  /// removed. \p Base compiles it if it has to be compiled. An error if the
  /// name is defined already.
  llvm::Error define(const llvm::orc::ResourceTrackerSP &RT,
                     llvm::orc::IRLayer &Base, const llvm::DataLayout &Layout);

  /// Trips of \p R will be pushed on R's inbox, both of which live until
  /// shutdown(). R.Function is unique among the records.
  void add(TripRecord &R);

  /// What machine code passes to name \p R.
  uint64_t getId(const TripRecord &R) const;

  bool isInProcess() const { return !Remote; }

  /// Trips from another process have no effect from now on, and none is being
  /// pushed any more. In the single-threaded mode a push includes the compile.
  /// Trips in this process are not affected.
  void shutdown();

private:
  struct Shared;

  explicit HookEntry(llvm::orc::ExecutionSession &ES) : ES(ES) {}
  llvm::orc::ThreadSafeModule createModule(const llvm::DataLayout &Layout);

  llvm::orc::ExecutionSession &ES;
  /// Null in process.
  std::shared_ptr<Shared> Remote;
  llvm::orc::ExecutorAddr Tag, ErrnoLocation;
};

} // namespace reopt

#endif // REOPT_HOOKENTRY_H
