//===- ThreadObserver.cpp - Observes this process's threads ---------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/ThreadObserver.h"
#include "reopt/StackScan.h"
#include "reopt/ThreadTable.h"
#include "llvm/Support/FormatVariadic.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <linux/futex.h>
#include <mutex>
#include <pthread.h>
#include <semaphore.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

using namespace llvm;

namespace reopt {

namespace {

//===----------------------------------------------------------------------===//
// What the handlers share with the observer
//===----------------------------------------------------------------------===//

enum class SlotState : uint32_t {
  Idle,     ///< No question is out; late handlers find this.
  Asked,    ///< A signal was sent and neither handled nor given up.
  Scanning, ///< The thread's handler has it.
  Observed, ///< The handler is done, and saw everything.
  Failed,   ///< The handler is done: the thread is not on its own stack.
};

/// Whom a question goes to, and how far it got: one word, so that no handler
/// answers for another thread, however late it comes.
class Slot {
public:
  void set(pid_t Thread, SlotState State) { Word.store(pack(Thread, State)); }
  /// False, and nothing done, if the slot is not \p Thread's, or not \p From.
  bool advance(pid_t Thread, SlotState From, SlotState To) {
    uint64_t Expected = pack(Thread, From);
    return Word.compare_exchange_strong(Expected, pack(Thread, To));
  }
  pid_t getThread() const { return static_cast<pid_t>(Word.load() >> 32); }
  SlotState getState() const {
    return static_cast<SlotState>(static_cast<uint32_t>(Word.load()));
  }

private:
  static uint64_t pack(pid_t Thread, SlotState State) {
    return static_cast<uint64_t>(Thread) << 32 | static_cast<uint32_t>(State);
  }
  std::atomic<uint64_t> Word{0};
};

constexpr unsigned MaxAsked = 16384;
/// How often a thread that wakes up while it is looked at is looked at again.
constexpr unsigned MaxLooks = 3;

/// Everything that outlives observers, because a late handler may read it.
/// Initialised before the program starts.
struct SharedState {
  Slot Slots[MaxAsked];
  /// What is looked for, while a slot is Asked or Scanning.
  std::atomic<RangeMarks *> Marks{nullptr};
  /// Posted once for each slot that becomes Observed or Failed.
  sem_t Answers;
  /// Held for a whole observation; guards what follows.
  std::mutex Observing;
  unsigned Observers = 0;
  int Signal = 0; ///< Ours since the first observer; never changes then.

  std::mutex WakeableMutex; ///< Taken last; guards what follows.
  std::vector<pid_t> Wakeable;
};
SharedState Shared;

//===----------------------------------------------------------------------===//
// On the observed thread
//===----------------------------------------------------------------------===//

#if defined(__x86_64__)

/// Whether the interrupted code ran on its thread's own stack, all of which was
/// then scanned.
bool scanInterrupted(RangeMarks &Marks, const ucontext_t &Context) {
  for (greg_t Register : Context.uc_mcontext.gregs)
    Marks.mark(static_cast<uint64_t>(Register));
  auto SP = static_cast<uint64_t>(Context.uc_mcontext.gregs[REG_RSP]);
  // The alternate stack as it was set then: what it interrupted is elsewhere.
  auto Alternate = reinterpret_cast<uint64_t>(Context.uc_stack.ss_sp);
  if (SP - Alternate <= Context.uc_stack.ss_size && Context.uc_stack.ss_size)
    return false;
  return scanStack(Marks, SP - RedZone, getOwnStackEnd());
}

/// SA_SIGINFO handler of the observers' signal.
void handleQuestion(int, siginfo_t *Info, void *Context) {
  int Errno = errno;
  auto Number = static_cast<unsigned>(Info->si_value.sival_int);
  if (Info->si_code == SI_QUEUE && Info->si_pid == getpid() &&
      Number < MaxAsked) {
    Slot &S = Shared.Slots[Number];
    auto Self = static_cast<pid_t>(syscall(SYS_gettid));
    if (S.advance(Self, SlotState::Asked, SlotState::Scanning)) {
      bool Complete = scanInterrupted(*Shared.Marks.load(),
                                      *static_cast<ucontext_t *>(Context));
      S.set(Self, Complete ? SlotState::Observed : SlotState::Failed);
      sem_post(&Shared.Answers);
    }
  }
  errno = Errno;
}

constexpr bool IsSupported = true;
#else
void handleQuestion(int, siginfo_t *, void *) {}
constexpr bool IsSupported = false;
#endif

bool hasOurHandler(int Signal) {
  struct sigaction Action;
  return sigaction(Signal, nullptr, &Action) == 0 &&
         (Action.sa_flags & SA_SIGINFO) &&
         Action.sa_sigaction == handleQuestion;
}

//===----------------------------------------------------------------------===//
// From outside
//===----------------------------------------------------------------------===//

/// Whether the kernel goes on with \p Call behind the program's back after a
/// handler with SA_RESTART has run: of the calls in which threads sleep long,
/// those of which that holds in every case.
bool isRestarted(const SleepingCall &Call) {
  switch (Call.Number) {
  case SYS_futex: {
    int Operation = static_cast<int>(Call.Arguments[1]) & FUTEX_CMD_MASK;
    return (Operation == FUTEX_WAIT || Operation == FUTEX_WAIT_BITSET) &&
           Call.Arguments[3] == 0; // no time-out
  }
  case SYS_wait4:
  case SYS_waitid:
    return true;
  case SYS_read:
  case SYS_write: {
    // Not sockets, which may have a time-out.
    struct stat Stat;
    return fstat(static_cast<int>(Call.Arguments[0]), &Stat) == 0 &&
           (S_ISCHR(Stat.st_mode) || S_ISFIFO(Stat.st_mode));
  }
  default:
    return false;
  }
}

bool isWakeable(pid_t Thread) {
  std::lock_guard<std::mutex> Lock(Shared.WakeableMutex);
  return is_contained(Shared.Wakeable, Thread);
}

/// One observation, under SharedState::Observing.
class Round {
public:
  /// \p OwnStack: as QuiescenceProof::observe has it. Null: the calling thread
  /// is asked like any other.
  Round(RangeMarks &Marks, int Signal, std::chrono::milliseconds Patience,
        const void *OwnStack)
      : Marks(Marks), Signal(Signal), Patience(Patience),
        OwnStack(reinterpret_cast<uint64_t>(OwnStack)) {}

  /// Observes \p Threads, and says why that failed, if it did.
  std::string observe(ArrayRef<pid_t> Threads) {
    Shared.Marks.store(&Marks);
    for (pid_t Thread : Threads)
      if (!begin(Thread))
        break;
    awaitAnswers();
    Shared.Marks.store(nullptr);
    return Obstacle;
  }

private:
  /// Observes \p Thread if it is asleep, else asks it. False if that failed.
  bool begin(pid_t Thread) {
    if (Thread == gettid()) {
      if (!OwnStack)
        return askSelf();
      return scanStack(Marks, OwnStack, getOwnStackEnd()) ||
             fail(Thread, "it does not run on its own stack");
    }
    auto Status = getThreadStatus(Thread);
    if (!Status)
      return fail(Thread, toString(Status.takeError()));
    if (Status->Ended)
      return true;
    for (unsigned I = 0; I != MaxLooks; ++I)
      switch (observeAsleep(Thread, *Status)) {
      case Look::Observed:
        return true;
      case Look::Asleep:
        return fail(Thread, "it sleeps on a stack that is not its own");
      case Look::Awake:
        break;
      }
    if (!isBlocked(*Status))
      return ask(Thread);
    Blocking.push_back(Thread);
    return true;
  }

  bool isBlocked(const ThreadStatus &Status) const {
    return Status.Blocked >> (Signal - 1) & 1;
  }

  enum class Look {
    Observed, ///< It was asleep, and what it holds is marked.
    Asleep,   ///< It is asleep, and must be left alone.
    Awake,    ///< It runs, or has to be woken for its registers.
  };

  /// Looks at a thread that may be asleep. \p Status is how it was, and is set
  /// to how it is.
  Look observeAsleep(pid_t Thread, ThreadStatus &Status) {
    auto Call = getSleepingCall(Thread);
    if (!Call)
      return Look::Awake;
    if (Marks.hasTables() && !isBlocked(Status) &&
        (isRestarted(*Call) || isWakeable(Thread)))
      return Look::Awake;
    uint64_t End = getStackEnd(Thread);
    bool Scanned = End && scanStack(Marks, Call->StackPointer, End);
    bool StillAsleep = getSleepingCall(Thread).has_value();
    auto After = getThreadStatus(Thread);
    if (!After) {
      consumeError(After.takeError());
      return Look::Awake;
    }
    StillAsleep &= After->Switches == Status.Switches;
    Status = *After;
    if (!StillAsleep)
      return Look::Awake;
    if (!Scanned)
      return Look::Asleep;
    Marks.markTables();
    return Look::Observed;
  }

  bool ask(pid_t Thread) {
    if (Asked == MaxAsked)
      return fail(Thread, "there are too many threads");
    Slot &S = Shared.Slots[Asked];
    S.set(Thread, SlotState::Asked);
    siginfo_t Info;
    memset(&Info, 0, sizeof(Info));
    Info.si_signo = Signal;
    Info.si_code = SI_QUEUE;
    Info.si_pid = getpid();
    Info.si_uid = getuid();
    Info.si_value.sival_int = static_cast<int>(Asked);
    if (syscall(SYS_rt_tgsigqueueinfo, getpid(), Thread, Signal, &Info) != 0) {
      S.set(Thread, SlotState::Idle);
      return errno == ESRCH || fail(Thread, strerror(errno));
    }
    ++Asked;
    return true;
  }

  /// The handler runs before this thread gets back from asking.
  bool askSelf() {
    sigset_t Question, Before;
    sigemptyset(&Question);
    sigaddset(&Question, Signal);
    pthread_sigmask(SIG_UNBLOCK, &Question, &Before);
    bool Sent = ask(gettid());
    pthread_sigmask(SIG_SETMASK, &Before, nullptr);
    return Sent;
  }

  /// Waits until each thread that was asked has answered, ended, or is given
  /// up. No slot is Asked or Scanning afterwards.
  void awaitAnswers() {
    auto GiveUpAt = std::chrono::steady_clock::now() + Patience;
    unsigned Open = Asked;
    while (Open || (!Blocking.empty() && Obstacle.empty())) {
      if (awaitAnswer()) {
        --Open;
        continue;
      }
      // Nobody for a while. Who will not answer?
      bool Late = std::chrono::steady_clock::now() >= GiveUpAt;
      for (unsigned I = 0; I != Asked; ++I)
        if (Shared.Slots[I].getState() == SlotState::Asked &&
            dismiss(Shared.Slots[I], Late))
          --Open;
      unsigned Before = Asked;
      lookAgain(Late);
      Open += Asked - Before;
    }
    for (unsigned I = 0; I != Asked; ++I) {
      Slot &S = Shared.Slots[I];
      if (S.getState() == SlotState::Failed)
        fail(S.getThread(), "it does not run on its own stack");
      S.set(S.getThread(), SlotState::Idle);
    }
  }

  /// Threads that ran with the signal blocked may have ended, as the C library
  /// blocks all signals before that, or may sleep or let it through now.
  void lookAgain(bool Late) {
    std::vector<pid_t> Again = std::move(Blocking);
    Blocking.clear();
    for (pid_t Thread : Again)
      if (!begin(Thread))
        return;
    if (Late && !Blocking.empty())
      fail(Blocking.front(), "it runs with the signal blocked");
  }

  /// False if there was no answer within a millisecond.
  static bool awaitAnswer() {
    timespec Until;
    clock_gettime(CLOCK_MONOTONIC, &Until);
    Until.tv_nsec += 1000000;
    if (Until.tv_nsec >= 1000000000) {
      Until.tv_nsec -= 1000000000;
      ++Until.tv_sec;
    }
    return sem_clockwait(&Shared.Answers, CLOCK_MONOTONIC, &Until) == 0;
  }

  /// True if the thread that \p S asks will not answer any more.
  bool dismiss(Slot &S, bool Late) {
    pid_t Thread = S.getThread();
    auto Status = getThreadStatus(Thread);
    std::string Why;
    if (!Status)
      Why = toString(Status.takeError());
    else if (!Status->Ended)
      Why = Late ? "it did not get to handle the signal" : "";
    if (Why.empty() && !(Status && Status->Ended))
      return false;
    if (!S.advance(Thread, SlotState::Asked, SlotState::Idle))
      return false; // It answers after all.
    if (!Why.empty())
      fail(Thread, Why);
    return true;
  }

  bool fail(pid_t Thread, const Twine &Why) {
    if (Obstacle.empty())
      Obstacle =
          formatv("thread {0} cannot be observed: {1}", Thread, Why.str());
    return false;
  }

  RangeMarks &Marks;
  const int Signal;
  const std::chrono::milliseconds Patience;
  const uint64_t OwnStack;
  unsigned Asked = 0; ///< Slots in use, from the first.
  /// Threads that ran with the signal blocked when they were looked at.
  std::vector<pid_t> Blocking;
  std::string Obstacle;
};

Observation obstacle(size_t Ranges, const Twine &Why) {
  return {BitVector(Ranges, true), Why.str()};
}

} // namespace

/// Makes \p Signal ours, under SharedState::Observing.
static Error takeSignal(int Signal) {
  if (Shared.Signal && Shared.Signal != Signal)
    return createStringError("this process observes by signal %d, not %d",
                             Shared.Signal, Signal);
  struct sigaction Before;
  if (sigaction(Signal, nullptr, &Before) != 0)
    return createStringError(errnoAsErrorCode(), "signal %d", Signal);
  if (Before.sa_handler != SIG_DFL && !hasOurHandler(Signal) &&
      !(Shared.Signal && Before.sa_handler == SIG_IGN))
    return createStringError("the program uses signal %d", Signal);
  if (!Shared.Signal)
    sem_init(&Shared.Answers, /*pshared=*/0, 0);
  struct sigaction Action;
  memset(&Action, 0, sizeof(Action));
  Action.sa_sigaction = handleQuestion;
  // Not on the alternate stack, which may be as small as 2 kB.
  Action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigfillset(&Action.sa_mask);
  if (sigaction(Signal, &Action, nullptr) != 0)
    return createStringError(errnoAsErrorCode(), "signal %d", Signal);
  Shared.Signal = Signal;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// ThreadObserver
//===----------------------------------------------------------------------===//

ThreadObserver::ThreadObserver(Settings S) : S(S), Process(getpid()) {}

ThreadObserver::Wakeable::Wakeable() {
  std::lock_guard<std::mutex> Lock(Shared.WakeableMutex);
  Shared.Wakeable.push_back(gettid());
}

ThreadObserver::Wakeable::~Wakeable() {
  std::lock_guard<std::mutex> Lock(Shared.WakeableMutex);
  llvm::erase(Shared.Wakeable, gettid());
}

Expected<std::unique_ptr<ThreadObserver>> ThreadObserver::Create(Settings S) {
  if (!IsSupported)
    return createStringError(
        "threads can only be observed on Linux for x86-64");
  if (S.Signal == 0)
    S.Signal = SIGRTMAX - 2;
  std::string Obstacle;
  {
    std::lock_guard<std::mutex> Lock(Shared.Observing);
    if (auto Err = takeSignal(S.Signal))
      return std::move(Err);
    ++Shared.Observers;
    // Look at ourselves: whether it works, and so that every function that the
    // handler calls is resolved by the time it interrupts the dynamic linker.
    RangeMarks Nothing({});
    Obstacle =
        Round(Nothing, S.Signal, S.Patience, nullptr).observe({gettid()});
  }
  std::unique_ptr<ThreadObserver> Observer(new ThreadObserver(S));
  if (!Obstacle.empty())
    return createStringError(Obstacle);
  return std::move(Observer);
}

ThreadObserver::~ThreadObserver() {
  if (getpid() != Process)
    return; // The lock may be held by a thread that is not here.
  std::lock_guard<std::mutex> Lock(Shared.Observing);
  if (--Shared.Observers == 0 && hasOurHandler(Shared.Signal))
    signal(Shared.Signal, SIG_IGN);
}

int ThreadObserver::getSignal() const { return S.Signal; }

Observation ThreadObserver::observe(ArrayRef<ObservedRange> Ranges,
                                    const void *OwnStack) {
  if (getpid() != Process)
    return obstacle(Ranges.size(), "this is the child of a fork");
  std::lock_guard<std::mutex> Lock(Shared.Observing);
  if (!hasOurHandler(S.Signal))
    return obstacle(Ranges.size(),
                    formatv("the program has taken signal {0}", S.Signal));
  auto Threads = listThreads();
  if (!Threads)
    return obstacle(Ranges.size(), toString(Threads.takeError()));
  RangeMarks Marks(Ranges);
  std::string Why =
      Round(Marks, S.Signal, S.Patience, OwnStack).observe(*Threads);
  if (!Why.empty())
    return obstacle(Ranges.size(), Why);
  return {Marks.takeMarks(), ""};
}

} // namespace reopt
