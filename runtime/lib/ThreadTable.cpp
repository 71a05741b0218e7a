//===- ThreadTable.cpp - This process's threads, as the kernel has them ---===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/ThreadTable.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

using namespace llvm;

namespace reopt {

/// Listings after which we give up on two equal ones.
static constexpr unsigned MaxListings = 200;

static Expected<std::vector<pid_t>> listOnce() {
  DIR *Dir = opendir("/proc/self/task");
  if (!Dir)
    return createStringError(errnoAsErrorCode(), "/proc/self/task");
  std::vector<pid_t> Threads;
  while (dirent *Entry = readdir(Dir))
    if (pid_t Thread; to_integer(Entry->d_name, Thread, 10))
      Threads.push_back(Thread);
  closedir(Dir);
  llvm::sort(Threads);
  return Threads;
}

Expected<std::vector<pid_t>> listThreads() {
  auto Last = listOnce();
  for (unsigned I = 1; Last && I != MaxListings; ++I) {
    auto Next = listOnce();
    if (!Next || *Next == *Last)
      return Next;
    Last = std::move(Next);
  }
  return Last ? createStringError("threads come and go too fast to be listed")
              : std::move(Last);
}

/// The file \p Name about \p Thread. The error is that of errno, and errno is
/// left as it is.
static Expected<std::string> readTaskFile(pid_t Thread, const char *Name) {
  char Path[64];
  snprintf(Path, sizeof(Path), "/proc/self/task/%d/%s", Thread, Name);
  int File = open(Path, O_RDONLY | O_CLOEXEC);
  if (File < 0)
    return createStringError(errnoAsErrorCode(), Path);
  std::string Text(4096, '\0');
  size_t Size = 0;
  ssize_t N;
  while (Size != Text.size() &&
         ((N = read(File, Text.data() + Size, Text.size() - Size)) > 0 ||
          (N < 0 && errno == EINTR)))
    Size += std::max<ssize_t>(N, 0);
  std::error_code EC = N < 0 ? errnoAsErrorCode() : std::error_code();
  close(File);
  if (EC)
    return createStringError(EC, Path);
  Text.resize(Size);
  return Text;
}

/// What stands behind "\n<Key>:" in \p Text, a number to \p Base.
static std::optional<uint64_t> getField(StringRef Text, StringRef Key,
                                        unsigned Base) {
  size_t At = Text.find(("\n" + Key + ":\t").str());
  if (At == StringRef::npos)
    return std::nullopt;
  StringRef Rest = Text.substr(At + Key.size() + 3).ltrim();
  uint64_t Value;
  if (Rest.consumeInteger(Base, Value))
    return std::nullopt;
  return Value;
}

Expected<ThreadStatus> getThreadStatus(pid_t Thread) {
  auto Text = readTaskFile(Thread, "status");
  if (!Text) {
    // No such thread: before the file is opened, or since.
    std::error_code EC = errorToErrorCode(Text.takeError());
    if (EC == std::errc::no_such_file_or_directory ||
        EC == std::errc::no_such_process)
      return ThreadStatus{/*Ended=*/true, 0, 0};
    return createStringError(EC, "the status of thread %d", Thread);
  }
  size_t State = Text->find("\nState:\t");
  auto Blocked = getField(*Text, "SigBlk", 16);
  auto Voluntary = getField(*Text, "voluntary_ctxt_switches", 10);
  auto Forced = getField(*Text, "nonvoluntary_ctxt_switches", 10);
  if (State == std::string::npos || !Blocked || !Voluntary || !Forced)
    return createStringError("the status of thread %d does not say enough",
                             Thread);
  char Letter = (*Text)[State + strlen("\nState:\t")];
  return ThreadStatus{Letter == 'Z' || Letter == 'X', *Blocked,
                      *Voluntary + *Forced};
}

std::optional<SleepingCall> getSleepingCall(pid_t Thread) {
  // "running", or number, six arguments, stack pointer, program counter. A
  // thread asleep elsewhere, in a page fault, has the number -1.
  auto Text = readTaskFile(Thread, "syscall");
  if (!Text) {
    consumeError(Text.takeError());
    return std::nullopt;
  }
  SmallVector<StringRef, 9> Words;
  StringRef(*Text).trim().split(Words, ' ');
  SleepingCall Call;
  if (Words.size() != 9 || !to_integer(Words[0], Call.Number, 10) ||
      Call.Number < 0)
    return std::nullopt;
  for (unsigned I = 0; I != Call.Arguments.size(); ++I)
    if (!to_integer(Words[1 + I], Call.Arguments[I], 0))
      return std::nullopt;
  if (!to_integer(Words[7], Call.StackPointer, 0))
    return std::nullopt;
  return Call;
}

} // namespace reopt
