//===- TestExecutor.h - An executor and a JIT for tests ---------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What reads and writes an executor's memory is tested in process and against a
// real executor process (llvm-jitlink-executor, without and with the ORC
// runtime): the same cases, through the same calls.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_TESTEXECUTOR_H
#define REOPT_TEST_TESTEXECUTOR_H

#include "TestIR.h"

#include "reopt/PollFunction.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"
#include "llvm/ExecutionEngine/Orc/SimpleRemoteEPC.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "gtest/gtest.h"

#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace reopt {

enum class Where { InProcess, Remote, RemoteWithRuntime };

inline std::string whereName(const testing::TestParamInfo<Where> &Info) {
  switch (Info.param) {
  case Where::InProcess:
    return "InProcess";
  case Where::Remote:
    return "Remote";
  case Where::RemoteWithRuntime:
    return "RemoteWithRuntime";
  }
  llvm_unreachable("a place of its own");
}

/// All places. The ORC runtime's is a build option: it may not be installed.
inline auto allPlaces() {
#ifdef REOPT_TEST_ORC_RUNTIME
  return testing::Values(Where::InProcess, Where::Remote,
                         Where::RemoteWithRuntime);
#else
  return testing::Values(Where::InProcess, Where::Remote);
#endif
}

/// Starts llvm-jitlink-executor with its end of the connection as its standard
/// input and output. Tasks of the session run by \p Tasks.
inline llvm::Expected<std::unique_ptr<llvm::orc::ExecutorProcessControl>>
spawnExecutor(pid_t &Pid,
              std::unique_ptr<llvm::orc::TaskDispatcher> Tasks = nullptr) {
  using namespace llvm;
  using namespace llvm::orc;
  auto Path = sys::findProgramByName("llvm-jitlink-executor-22");
  if (!Path)
    return createStringError(Path.getError(), "llvm-jitlink-executor-22");
  int ToChild[2], FromChild[2];
  if (pipe2(ToChild, O_CLOEXEC) || pipe2(FromChild, O_CLOEXEC))
    return createStringError("pipe2");
  posix_spawn_file_actions_t Actions;
  posix_spawn_file_actions_init(&Actions);
  posix_spawn_file_actions_adddup2(&Actions, ToChild[0], 0);
  posix_spawn_file_actions_adddup2(&Actions, FromChild[1], 1);
  char Spec[] = "filedescs=0,1";
  char *Args[] = {Path->data(), Spec, nullptr};
  int Failed =
      posix_spawn(&Pid, Path->c_str(), &Actions, nullptr, Args, environ);
  posix_spawn_file_actions_destroy(&Actions);
  close(ToChild[0]);
  close(FromChild[1]);
  if (Failed)
    return createStringError("posix_spawn");
  if (!Tasks)
    Tasks = std::make_unique<DynamicThreadPoolTaskDispatcher>(std::nullopt);
  return SimpleRemoteEPC::Create<FDSimpleRemoteEPCTransport>(
      std::move(Tasks), SimpleRemoteEPC::Setup(), FromChild[0], ToChild[1]);
}

/// A JIT, and the process that it links into: this one or one of its own.
class TestExecutor {
public:
  static void initializeTarget() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
  }

  /// Without initialisers and exceptions, which take a platform.
  void start(Where W) {
    llvm::orc::LLJITBuilder Builder;
    Builder.setPlatformSetUp(llvm::orc::setUpInactivePlatform);
    start(W, std::move(Builder));
  }

  void start(Where W, llvm::orc::LLJITBuilder Builder,
             std::unique_ptr<llvm::orc::TaskDispatcher> Tasks = nullptr) {
    if (W != Where::InProcess) {
      auto EPC = spawnExecutor(Pid, std::move(Tasks));
      ASSERT_TRUE(!!EPC) << toString(EPC.takeError());
      Builder.setExecutorProcessControl(std::move(*EPC));
    } else if (Tasks) {
      Builder.setExecutorProcessControl(
          cantFail(llvm::orc::SelfExecutorProcessControl::Create(
              nullptr, std::move(Tasks))));
    }
#ifdef REOPT_TEST_ORC_RUNTIME
    if (W == Where::RemoteWithRuntime)
      Builder.setPlatformSetUp(
          llvm::orc::ExecutorNativePlatform(REOPT_TEST_ORC_RUNTIME));
#endif
    J = cantFail(Builder.create());
  }

  void stop() {
    J.reset();
    if (Pid > 0)
      waitpid(Pid, nullptr, 0);
    Pid = 0;
  }

  llvm::orc::ExecutionSession &es() { return J->getExecutionSession(); }
  llvm::orc::ExecutorProcessControl &epc() {
    return es().getExecutorProcessControl();
  }
  llvm::orc::JITDylib &jd() { return J->getMainJITDylib(); }
  llvm::orc::SymbolStringPtr name(const llvm::Twine &N) {
    return es().intern(N.str());
  }
  /// The address of a symbol that must be there.
  llvm::orc::ExecutorAddr addr(llvm::StringRef N) {
    auto A = J->lookup(N);
    if (!A)
      llvm::report_fatal_error(A.takeError());
    return *A;
  }

  /// Calls Fn(Arg) in the executor; in a remote one on a thread of its own.
  int call(llvm::orc::ExecutorAddr Fn, int Arg) {
    return cantFail(epc().runAsIntFunction(Fn, Arg));
  }

  /// Defines a function that lies at \p A.
  void define(llvm::StringRef N, llvm::orc::ExecutorAddr A) {
    cantFail(jd().define(llvm::orc::absoluteSymbols(
        {{name(N),
          {A, llvm::JITSymbolFlags::Exported |
                  llvm::JITSymbolFlags::Callable}}})));
  }

  /// What polling code calls; the hook is defined already.
  void addPoll() {
    cantFail(J->addIRModule(
        createPollModule(J->getDataLayout(), J->getTargetTriple())));
  }

  void addIR(llvm::StringRef Text) {
    auto Ctx = std::make_unique<llvm::LLVMContext>();
    auto M = parseIR(Text, *Ctx);
    M->setModuleIdentifier("module" + std::to_string(++Modules));
    cantFail(J->addIRModule(
        llvm::orc::ThreadSafeModule(std::move(M), std::move(Ctx))));
  }

  std::unique_ptr<llvm::orc::LLJIT> J;
  pid_t Pid = 0;

private:
  unsigned Modules = 0;
};

/// Runs each test with an executor here and with one in another process.
class ExecutorTest : public testing::TestWithParam<Where>,
                     protected TestExecutor {
protected:
  static void SetUpTestSuite() {
    initializeTarget();
    // A remote executor that dies is an error, not our end.
    signal(SIGPIPE, SIG_IGN);
  }

  void SetUp() override { start(GetParam()); }
  void TearDown() override { stop(); }
};

} // namespace reopt

#endif // REOPT_TEST_TESTEXECUTOR_H
