//===- Commands.h -----------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The %reopt commands. Thread: the interpreter's. Answers go to one stream,
/// complaints to another, one line each.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_REPL_COMMANDS_H
#define REOPT_REPL_COMMANDS_H

#include "FunctionNames.h"
#include "reopt-clang/Tiering.h"
#include "llvm/Support/raw_ostream.h"

namespace reopt {

class Commands {
public:
  Commands(TieredSession &Session, llvm::raw_ostream &Out,
           llvm::raw_ostream &Err)
      : Session(Session), Out(Out), Err(Err) {}

  /// Runs the command in \p Line, which begins with %reopt.
  void run(llvm::StringRef Line);

  /// The line that %help shows.
  static const char *getHelpLine();

private:
  using Handler = void (Commands::*)(llvm::StringRef);
  struct Command {
    const char *Name, *Arguments, *Text;
    Handler Run;
  };
  static llvm::ArrayRef<Command> getCommands();

  void help(llvm::StringRef);
  void status(llvm::StringRef);
  void list(llvm::StringRef Pattern);
  void on(llvm::StringRef);
  void off(llvm::StringRef);
  void threshold(llvm::StringRef Count);
  void now(llvm::StringRef Name);
  void why(llvm::StringRef Name);
  void wait(llvm::StringRef Seconds);
  void speculate(llvm::StringRef Word);

  /// \p LinkerName as a user knows it.
  FunctionName getName(llvm::StringRef LinkerName);

  /// The function that \p Name means; complains if there is not exactly one.
  std::optional<FunctionInfo> findOne(llvm::StringRef Name);

  TieredSession &Session;
  llvm::raw_ostream &Out, &Err;
};

} // namespace reopt

#endif // REOPT_REPL_COMMANDS_H
