//===-- Plugin.cpp --------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The plugin proper: what makes a stock clang-repl, or a notebook host, a
// tiered one. Nothing but the wiring is here. ClangReopt.cpp loads it.
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Session.h"
#include "interpreter-patches/HostCheck.h"
#include "interpreter-patches/IdleBackend.h"
#include "interpreter-patches/InterpreterHooks.h"
#include "clang/Basic/LangOptions.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/FrontendOptions.h"
#include "clang/Interpreter/Interpreter.h"
#include <cstdio>
#include <cstdlib>

using namespace llvm;

namespace {

/// The host's latest session, which its %reopt commands are about.
class Host {
public:
  void createInterpreter(clang::CompilerInstance &CI,
                         clang::IncrementalExecutorBuilder *IEB) {
    if (!IEB) {
      // Completion reads the session's AST while a line is read.
      if (Session)
        Session->getLease().take();
      return;
    }
    auto Tiered = reopt::enableTiering(CI, *IEB, getOptions(CI));
    if (!Tiered) {
      stayStock(toString(Tiered.takeError()));
      return;
    }
    Session = std::move(*Tiered);
  }

  void stayStock(std::string Why) {
    errs() << "reopt: " << Why << "; the session runs as stock\n";
    Untiered = std::move(Why);
  }

  void beforeReadLine() {
    if (!Session)
      return;
    // Who reads lines is clang-repl, and asks for no symbols.
    Session->deferUnused();
    Session->beginWait();
  }
  void afterReadLine() {
    if (Session)
      Session->endWait();
  }

  bool takeLine(StringRef Line) {
    Line = Line.trim();
    if (Line == "%help") {
      outs() << reopt::Commands::getHelpLine() << "\n";
      return false;
    }
    if (Line != "%reopt" && !Line.starts_with("%reopt "))
      return false;
    // The program prints through stdio, we through LLVM: keep the order.
    std::fflush(stdout);
    if (Session)
      reopt::Commands(*Session, outs(), errs()).run(Line);
    else
      errs() << "reopt: this session is not tiered: " << Untiered << "\n";
    return true;
  }

private:
  static reopt::Options getOptions(const clang::CompilerInstance &CI) {
    reopt::Options Opts;
    auto Complain = [](Error Err) {
      if (Err)
        errs() << "reopt: " << toString(std::move(Err)) << "\n";
    };
    if (const char *List = std::getenv("REOPT_OPTIONS"))
      Complain(Opts.setAll(List));
    const auto &Args = CI.getFrontendOpts().PluginArgs;
    if (auto I = Args.find("reopt"); I != Args.end())
      for (const std::string &Arg : I->second)
        Complain(Opts.set(Arg));
    return Opts;
  }

  std::shared_ptr<reopt::TieredSession> Session;
  std::string Untiered = "no interpreter was created";
};

/// Lives as long as the process: hooks cannot be taken back.
Host &getHost() {
  static Host &TheHost = *new Host;
  return TheHost;
}

/// clang does not ask the hooks for CUDA sessions: it makes them in one piece.
void explainCuda(const clang::CompilerInstance &CI) {
  if (CI.getLangOpts().CUDA && !CI.getLangOpts().CUDAIsDevice)
    getHost().stayStock("CUDA sessions are not tiered");
}

/// Runs when the gate loads us, before the host creates its interpreter.
__attribute__((constructor)) void load() {
  if (auto Why = interp_patches::unsupportedHost()) {
    std::fprintf(stderr, "reopt: %s\n", Why->c_str());
    return;
  }
  reopt::registerConsumer(explainCuda);
  static Host &TheHost = getHost();
  auto Hooks = interp_patches::install(
      {[](clang::CompilerInstance &CI, clang::IncrementalExecutorBuilder *IEB) {
         TheHost.createInterpreter(CI, IEB);
       },
       [](clang::Interpreter &Interp) {
         interp_patches::spareIdleBackend(*Interp.getCompilerInstance());
       },
       [] { TheHost.beforeReadLine(); }, [] { TheHost.afterReadLine(); },
       [](StringRef Line) { return TheHost.takeLine(Line); }});
  if (!Hooks)
    errs() << "reopt: " << toString(Hooks.takeError())
           << "; the session runs as stock\n";
}

} // namespace
