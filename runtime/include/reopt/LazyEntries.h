//===- LazyEntries.h - Entry points that ask where to go --------*- C++ -*-===//
//
// A lazy entry is an address that can be called before its function's body
// exists. The call is held while a resolver finds the body (usually: compiles
// it), and then goes on into the body with the arguments it came with; callers
// notice nothing but the time. A function's stub points to its lazy entry until
// the body is there, and is redirected then.
//
//   caller -> stub -> trampoline -> ORC's resolver code   saves the registers
//                                   -> re-entry block     asks by JIT dispatch
//                                      ... Resolve(Id) in the session ...
//                     body       <- jump, registers restored
//
// A thread that loaded the stub's slot just before it was redirected calls the
// entry late, so entries are called many times, by several threads at once, and
// each time are resolved: an entry stays valid as long as its function lives.
//
// Trampolines and resolver code are ORC's (EPCIndirectionUtils: 8 bytes for
// each entry on x86-64); the question travels as a JIT dispatch of the
// session's ExecutorProcessControl, so that a local and a remote executor are
// the same code and no ORC runtime is needed.
//
// What a call keeps on its way through (x86-64, System V): all sixteen general
// registers (the variadic count in al and the static chain in r10 included),
// the x87 and MXCSR state, xmm0 to xmm15 (fxsave64), and errno. What it loses:
// the upper halves of ymm and zmm, vector registers 16 to 31, mask registers.
// **A function with a vector parameter wider than 128 bits must not have a lazy
// entry; compile it eagerly.** On AArch64: x0 to x30 but the scratch registers
// x16 to x18, and q0 to q31; SVE registers only their low 128 bits. (AArch64 is
// not tested here.) While an entry is being resolved, its frame cannot be
// unwound: Resolve must not throw, and a backtrace taken there ends early. The
// jump into the body is a `ret` (x86-64), which hardware shadow stacks forbid.
// Asking takes locks and memory: no entry may be called from a signal handler.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_LAZYENTRIES_H
#define REOPT_LAZYENTRIES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/FunctionExtras.h"
#include "llvm/ExecutionEngine/Orc/Core.h"
#include "llvm/ExecutionEngine/Orc/EPCIndirectionUtils.h"

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace reopt {

class LazyEntries {
public:
  /// The answer to one call: where it goes on. Called once, from any thread,
  /// during Resolve or later. The error handler is taken for a null address and
  /// for an answer that is destroyed without being given.
  using NotifyLandingResolved =
      llvm::unique_function<void(llvm::orc::ExecutorAddr)>;

  /// Called for each call of an entry, with no lock held. In process, on the
  /// thread that called the entry (under its floating-point environment), which
  /// then waits for the answer; for a remote executor, as a task of the
  /// session's dispatcher while the remote thread waits. Concurrent with
  /// itself.
  using ResolveFn = llvm::unique_function<void(
      uint64_t Id, NotifyLandingResolved OnResolved) const>;

  /// Prepares the executor. \p ES outlives this object. \p ErrorHandler is code
  /// in the executor to which failed calls go, with the registers of the call:
  /// it must never return as if the function had been called. Without one they
  /// go to a trap (SIGILL). Errors: a target without resolver code, an executor
  /// without JIT dispatch, no memory.
  static llvm::Expected<std::unique_ptr<LazyEntries>>
  Create(llvm::orc::ExecutionSession &ES, llvm::orc::ExecutorAddr ErrorHandler,
         ResolveFn Resolve);

  /// As shutdown(), with errors going to the session's error reporter.
  ~LazyEntries();

  /// One entry for each id, in order; ids are the caller's, and may repeat. All
  /// or nothing. Any thread; fails when the executor has no memory or is gone.
  llvm::Expected<std::vector<llvm::orc::ExecutorAddr>>
  create(llvm::ArrayRef<uint64_t> Ids);

  /// Gives entries back whose functions are gone (undo). Never needed, and
  /// never right, merely because a function has been compiled. A late call of
  /// such an entry goes to the error handler; its address is used again only
  /// after several hundred others were given back (first in, first out). Any
  /// thread.
  void release(llvm::ArrayRef<llvm::orc::ExecutorAddr> Entries);

  /// Frees the executor's memory. No call of an entry may be under way or come
  /// later. Waits for a Resolve that has answered but not returned (not in a
  /// forked child, which has no such thread), so do not call it from there;
  /// none runs afterwards. Call it before the session ends; create() fails
  /// afterwards.
  llvm::Error shutdown();

private:
  struct Shared;

  LazyEntries(llvm::orc::ExecutionSession &ES, std::shared_ptr<Shared> S);
  llvm::Error registerHandler(llvm::orc::ExecutorAddr Tag);
  llvm::Error writeReentryBlock(llvm::orc::ExecutorAddr Tag);

  llvm::orc::ExecutionSession &ES;
  const std::shared_ptr<Shared> S;
  llvm::jitlink::JITLinkMemoryManager::FinalizedAlloc ReentryBlock;
  std::mutex Mutex; ///< Guards what follows.
  std::unique_ptr<llvm::orc::EPCIndirectionUtils> Utils; ///< Null: shut down.
  std::deque<llvm::orc::ExecutorAddr> Released;          ///< Oldest first.
};

} // namespace reopt

#endif // REOPT_LAZYENTRIES_H
