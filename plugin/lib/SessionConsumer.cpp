//===-- SessionConsumer.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Watches a session's parse: notes definitions, numbers closures, and takes the
// AST back when parsing begins.
//
//===----------------------------------------------------------------------===//

#include "EmissionChoice.h"
#include "Session.h"
#include "clang/AST/ASTConsumer.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/ASTMutationListener.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/DeclGroup.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/FrontendPluginRegistry.h"
#include "clang/Lex/PPCallbacks.h"
#include "clang/Lex/Preprocessor.h"
#include <cstdlib>
#include <map>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace clang;

namespace reopt {

namespace {

/// Tiered sessions by their compiler instance. Global, since clang makes
/// plugin actions from a registry and gives them nothing but the instance.
/// Several interpreters may be made on several threads, hence the mutex.
struct SessionMap {
  std::mutex M;
  std::map<const CompilerInstance *, std::shared_ptr<Session>> Sessions;
};

SessionMap &getSessionMap() {
  static SessionMap Map;
  return Map;
}

/// Set before the first session by who registers; see registerConsumer().
void (*OnUntiered)(const CompilerInstance &) = nullptr;

/// A nested parse, from user code that has the interpreter at hand, begins with
/// a new buffer: that is when the AST is needed back. Each input is a buffer.
class ParseWatch : public PPCallbacks {
public:
  ParseWatch(CompilerInstance &CI, std::shared_ptr<Session> S)
      : CI(CI), S(std::move(S)) {}
  void FileChanged(SourceLocation Where, FileChangeReason Why,
                   SrcMgr::CharacteristicKind, FileID) override {
    if (Why != EnterFile)
      return;
    S->Lease.take();
    // Inputs are included by the main file, which is empty; what they include,
    // by them.
    const SourceManager &Files = CI.getSourceManager();
    const SourceLocation From = Files.getIncludeLoc(Files.getFileID(Where));
    if (From.isValid() && !Files.isInMainFile(From))
      return;
    // Not before there is something to parse: clang takes a source that is
    // there at first for a precompiled header's, and leaves out its builtins.
    if (!std::exchange(HasBegun, true) && S->Layer->isEnabled())
      S->Emission = EmissionChoice::install(CI, *S);
    if (S->Emission)
      S->Emission->beginInput();
  }

private:
  CompilerInstance &CI;
  std::shared_ptr<Session> S;
  bool HasBegun = false;
};

class SessionConsumer : public ASTConsumer, private ASTMutationListener {
public:
  SessionConsumer(CompilerInstance &CI, std::shared_ptr<Session> S)
      : CI(CI), S(std::move(S)) {}

  ~SessionConsumer() override {
    // From here on the AST goes away.
    S->Lease.close();
    S->Index.clear();
    S->Emission.reset();
    forgetSession(CI);
  }

  void Initialize(ASTContext &Context) override {
    S->Index.initialize(Context);
  }
  bool HandleTopLevelDecl(DeclGroupRef Group) override {
    for (Decl *D : Group) {
      S->Index.note(D);
      if (S->Emission)
        S->Emission->noteDefinition(D);
    }
    return true;
  }
  void HandleTranslationUnit(ASTContext &) override {
    if (S->Emission)
      S->Emission->beginEmission();
  }
  void HandleInlineFunctionDefinition(FunctionDecl *D) override {
    S->Index.note(D);
  }
  ASTMutationListener *GetASTMutationListener() override { return this; }

private:
  void CompletedTagDefinition(const TagDecl *D) override {
    if (auto *ConstClass = dyn_cast<CXXRecordDecl>(D)) {
      auto *Class = const_cast<CXXRecordDecl *>(ConstClass);
      S->Index.noteClass(Class);
      S->Index.numberClosure(Class);
    }
    S->Index.moveLocalType(const_cast<TagDecl *>(D));
  }

  CompilerInstance &CI;
  std::shared_ptr<Session> S;
};

class SessionAction : public PluginASTAction {
  std::unique_ptr<ASTConsumer> CreateASTConsumer(CompilerInstance &CI,
                                                 llvm::StringRef) override {
    auto S = findSession(CI);
    if (!S) {
      if (OnUntiered)
        OnUntiered(CI);
      return std::make_unique<ASTConsumer>();
    }
    CI.getPreprocessor().addPPCallbacks(std::make_unique<ParseWatch>(CI, S));
    return std::make_unique<SessionConsumer>(CI, S);
  }
  bool ParseArgs(const CompilerInstance &,
                 const std::vector<std::string> &) override {
    return true;
  }
  /// Before code generation, so that closures have their numbers.
  ActionType getActionType() override { return AddBeforeMainAction; }
};

} // namespace

TieredSession::~TieredSession() = default;

Session::Session(const Options &Opts) : Opts(Opts) {}
Session::~Session() = default;

std::vector<std::string> Session::getUnused() {
  std::vector<std::string> Names;
  if (Emission)
    for (const FunctionDecl *FD : Emission->getUnmentioned())
      Index.forEachSymbol(
          FD, [&](llvm::StringRef Name) { Names.push_back(Name.str()); });
  return Names;
}

std::shared_ptr<Session> findSession(const CompilerInstance &CI) {
  auto &Map = getSessionMap();
  std::lock_guard<std::mutex> Lock(Map.M);
  auto I = Map.Sessions.find(&CI);
  return I == Map.Sessions.end() ? nullptr : I->second;
}

void rememberSession(const CompilerInstance &CI, std::shared_ptr<Session> S) {
  auto &Map = getSessionMap();
  std::lock_guard<std::mutex> Lock(Map.M);
  Map.Sessions[&CI] = std::move(S);
}

void forgetSession(const CompilerInstance &CI) {
  std::shared_ptr<Session> Last;
  auto &Map = getSessionMap();
  std::lock_guard<std::mutex> Lock(Map.M);
  auto I = Map.Sessions.find(&CI);
  if (I == Map.Sessions.end())
    return;
  Last = std::move(I->second);
  Map.Sessions.erase(I);
}

void closeAllSessions() {
  std::vector<std::shared_ptr<Session>> Left;
  {
    auto &Map = getSessionMap();
    std::lock_guard<std::mutex> Lock(Map.M);
    for (auto &[CI, S] : Map.Sessions)
      Left.push_back(S);
  }
  for (auto &S : Left) {
    S->Lease.close();
    if (S->Layer)
      S->Layer->shutdown();
  }
}

/// fork() copies the thread that calls it, and the locks as they are. So it
/// takes ours, in the order in which they nest, and gives them back on both
/// sides. ORC's and LLVM's own locks cannot be had; they are held for moments.
static void lockForFork() {
  auto &Map = getSessionMap();
  Map.M.lock();
  for (auto &[CI, S] : Map.Sessions) {
    S->Lease.lockForFork();
    if (S->Layer)
      S->Layer->lockForFork();
  }
}

static void unlockAfterFork(bool InChild) {
  auto &Map = getSessionMap();
  for (auto &[CI, S] : Map.Sessions) {
    if (S->Layer)
      S->Layer->unlockAfterFork(InChild);
    S->Lease.unlockAfterFork(InChild);
  }
  Map.M.unlock();
}

namespace {

/// Of the process's first thread. exit() destroys what is local to its thread
/// before it calls any handler and destroys any global, in whatever order these
/// were made. Of other threads, this says nothing: they end and sessions do
/// not.
struct CloseBeforeHandlers {
  ~CloseBeforeHandlers() {
    if (getpid() == pid_t(syscall(SYS_gettid)))
      closeAllSessions();
  }
};

} // namespace

void registerConsumer(void (*Callback)(const CompilerInstance &)) {
  if (Callback)
    OnUntiered = Callback;
  // On the first use and not at load time: who loads us may be a host that must
  // not see us (see interpreter-patches/HostCheck.h).
  static FrontendPluginRegistry::Add<SessionAction> Registration(
      "reopt", "tiers hot functions");
  // exit() destroys LLVM's globals, which a worker uses, so the workers have to
  // stop before. User code gets an exit() of ours (TieringExecutor.cpp); these
  // are for exits that come from elsewhere: the first from the thread that runs
  // this, which is the first in a REPL; the second from others. Globals that
  // LLVM made after the second line are destroyed before its handler runs.
  static thread_local CloseBeforeHandlers Closer;
  (void)Closer;
  static const int AtExit = (getSessionMap(), std::atexit(closeAllSessions));
  static const int AtFork = pthread_atfork(
      lockForFork, [] { unlockAfterFork(/*InChild=*/false); },
      [] { unlockAfterFork(/*InChild=*/true); });
  (void)AtExit;
  (void)AtFork;
}

} // namespace reopt
