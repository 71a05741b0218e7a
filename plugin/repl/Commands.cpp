//===-- Commands.cpp ------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "FunctionNames.h"
#include "reopt-clang/AstLease.h"
#include "reopt-clang/SessionTexts.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/GlobPattern.h"
#include <cstring>

using namespace llvm;

namespace reopt {

namespace {

constexpr size_t NameWidth = 44;

std::string shorten(std::string Text, size_t Width) {
  if (Text.size() > Width)
    Text = Text.substr(0, Width - 3) + "...";
  return Text;
}

std::string getMilliseconds(std::chrono::microseconds T) {
  return formatv("{0:F1} ms", T.count() / 1000.0).str();
}

StringRef getPlural(uint64_t Count) { return Count == 1 ? "" : "s"; }

std::string getReason(const FunctionInfo &F) {
  std::string Text = getSessionReasonText(F.Why);
  if (!F.Detail.empty())
    Text += ": " + F.Detail;
  return Text;
}

/// How far up a function is in a listing.
int getRank(Stage S) {
  switch (S) {
  case Stage::Tier1:
    return 0;
  case Stage::Compiling:
  case Stage::Queued:
    return 1;
  case Stage::Refused:
    return 2;
  case Stage::Tier0:
    return 3;
  default:
    return 4;
  }
}

/// A header brings hundreds of functions, which are not what a user looks for.
bool isLibrary(StringRef Qualified) {
  return Qualified.starts_with("std::") ||
         Qualified.starts_with("__gnu_cxx::") ||
         Qualified.starts_with("operator new") ||
         Qualified.starts_with("operator delete");
}

} // namespace

const char *Commands::getHelpLine() {
  return "%reopt\t\tsee and steer tiering; \"%reopt help\" lists its commands";
}

ArrayRef<Commands::Command> Commands::getCommands() {
  static const Command Table[] = {
      {"help", "", "this list, and the options", &Commands::help},
      {"status", "", "thresholds, counts, queue, worker", &Commands::status},
      {"list", "[pattern]", "functions with tier, counts and reason",
       &Commands::list},
      {"on", "", "compile hot functions (the default)", &Commands::on},
      {"off", "", "compile nothing more", &Commands::off},
      {"threshold", "N", "calls until a function is hot", &Commands::threshold},
      {"now", "f", "compile f at -O3, hot or not; * means all", &Commands::now},
      {"why", "f", "why f is or is not compiled at -O3", &Commands::why},
      {"wait", "[seconds]", "until nothing is left to compile",
       &Commands::wait},
      {"speculate", "[on|off|N%|now]", "compile what is not hot while you type",
       &Commands::speculate},
  };
  return Table;
}

void Commands::run(StringRef Line) {
  Line.consume_front("%reopt");
  auto [Word, Rest] = Line.trim().split(' ');
  if (!Session.getLayer()) {
    Err << "reopt: the session has ended\n";
    return;
  }
  if (Word.empty())
    Word = "status";
  for (const Command &C : getCommands())
    if (Word == C.Name) {
      if (!Rest.trim().empty() && !*C.Arguments) {
        Err << formatv("reopt: %reopt {0} takes no argument\n", Word);
        return;
      }
      (this->*C.Run)(Rest.trim());
      Out.flush();
      return;
    }
  Err << formatv(
      "reopt: no command '{0}'; valid are {1}\n", Word,
      join(map_range(getCommands(),
                     [](const Command &C) { return StringRef(C.Name); }),
           ", "));
}

void Commands::help(StringRef) {
  for (const Command &C : getCommands())
    Out << formatv("  %reopt {0,-21} {1}\n",
                   (Twine(C.Name) + " " + C.Arguments).str(), C.Text);
  Out << "options, given as --Xcc=-fplugin-arg-reopt-<name>=<value> or in "
         "REOPT_OPTIONS:\n"
      << getSessionOptionHelp();
}

void Commands::status(StringRef) {
  LayerStatus S = Session.getLayer()->getStatus();
  Out << formatv("tiering    {0}; hot after {1} calls or {2} loop iterations\n",
                 S.Enabled ? "on" : "off", S.Threshold, S.LoopThreshold)
      << formatv("functions  {0} not called yet, {1} in tier 0 (-O0), {2} in "
                 "tier 1 (-O3), {3} refused\n",
                 S.Lazy, S.Tier0, S.Tier1, S.Refused)
      << formatv("queue      {0} waiting, {1} being compiled\n", S.Queued,
                 S.Compiling)
      << formatv("worker     {0}; {1} compile{2} in {3}, {4} failed\n",
                 !S.WorkerStarted ? "not started"
                 : S.WorkerBusy   ? "compiling"
                                  : "idle",
                 S.Batches, getPlural(S.Batches),
                 getMilliseconds(S.CompileTime), S.Failures)
      << formatv("AST        the session waited for it {0} at most\n",
                 getMilliseconds(Session.getLease().getLongestWait()));
}

void Commands::list(StringRef Pattern) {
  std::optional<GlobPattern> Glob;
  if (Pattern.find_first_of("*?[") != StringRef::npos) {
    auto Parsed = GlobPattern::create(Pattern);
    if (!Parsed) {
      Err << "reopt: " << toString(Parsed.takeError()) << "\n";
      return;
    }
    Glob = std::move(*Parsed);
  }
  struct Row {
    FunctionInfo Info;
    std::string Name;
  };
  std::vector<Row> Rows;
  size_t NotCalled = 0, Library = 0;
  for (FunctionInfo &F : Session.getLayer()->list()) {
    FunctionName Parsed = getName(F.Name);
    std::string Name = std::move(Parsed.Full);
    if (Pattern.empty() && F.St == Stage::Lazy) {
      ++NotCalled;
      continue;
    }
    if (Pattern.empty() && isLibrary(Parsed.Qualified)) {
      ++Library;
      continue;
    }
    // An instance's whole name begins with its return type.
    if (Glob ? !Glob->match(Name) &&
                   !Glob->match(Parsed.Qualified + Parsed.Parameters)
             : !StringRef(Name).contains(Pattern))
      continue;
    Rows.push_back({std::move(F), std::move(Name)});
  }
  const size_t Unused = Pattern.empty() ? Session.getUnused().size() : 0;
  if (Rows.empty() && !NotCalled && !Library && !Unused) {
    Out << (Pattern.empty() ? "no functions yet\n" : "no function matches\n");
    return;
  }
  llvm::sort(Rows, [](const Row &A, const Row &B) {
    return std::make_tuple(getRank(A.Info.St), ~A.Info.Calls, A.Info.Id) <
           std::make_tuple(getRank(B.Info.St), ~B.Info.Calls, B.Info.Id);
  });
  // Who asks for some functions wants to tell them apart.
  const size_t Limit = Pattern.empty() ? NameWidth : std::string::npos;
  size_t Width = 8;
  for (const Row &R : Rows)
    if (R.Name.size() <= NameWidth || Pattern.empty())
      Width = std::max(Width, std::min(R.Name.size(), NameWidth));
  auto Pad = [&](StringRef Text) {
    return Text.str() + std::string(Width - std::min(Width, Text.size()), ' ');
  };
  if (!Rows.empty())
    Out << Pad("function") << "  tier       v     calls    -O3 in  reason\n";
  for (const Row &R : Rows) {
    const FunctionInfo &F = R.Info;
    Out << Pad(shorten(R.Name, Limit))
        << formatv("  {0,-9} {1,2} {2,9} {3,9}  {4}\n", getStageName(F.St),
                   F.Version,
                   std::to_string(F.Calls) + (F.St == Stage::Tier1 ? "+" : ""),
                   F.St == Stage::Tier1 ? getMilliseconds(F.CompileTime) : "-",
                   getReason(F));
  }
  if (Library)
    Out << formatv("{0} function{1} of the standard library (%reopt list std:: "
                   "shows them)\n",
                   Library, getPlural(Library));
  if (NotCalled)
    Out << formatv("{0} function{1} not called yet (%reopt list * shows all)\n",
                   NotCalled, getPlural(NotCalled));
  if (Unused)
    Out << formatv("{0} function{1} of large inputs that nothing uses yet "
                   "(option large-input)\n",
                   Unused, getPlural(Unused));
}

void Commands::on(StringRef) { Session.getLayer()->setEnabled(true); }

void Commands::off(StringRef) { Session.getLayer()->setEnabled(false); }

void Commands::threshold(StringRef Count) {
  int64_t Value;
  if (Count.getAsInteger(10, Value) || Value < 0 || Value > 1000000000) {
    Err << formatv("reopt: threshold takes a number of calls from 0 to "
                   "1000000000, not '{0}'\n",
                   Count);
    return;
  }
  Session.getLayer()->setThreshold(Value);
}

FunctionName Commands::getName(StringRef LinkerName) {
  FunctionName Name = FunctionName::parse(LinkerName);
  // Statements that loop have names that nobody has typed.
  if (LinkerName.starts_with("__stmts__") ||
      LinkerName.starts_with("__cxx_global_var_init")) {
    Name.Full = Name.Qualified =
        ((LinkerName.starts_with("__stmts__") ? "statement " : "initialiser ") +
         LinkerName.rsplit('.').second)
            .str();
    Name.Parameters.clear();
    return Name;
  }
  // Users know a lambda by the variable that they have put it into.
  std::string Variable = Session.getClosureVariable(LinkerName);
  if (!Variable.empty()) {
    // A generic lambda's operator is an instance: operator()<int>.
    auto [Class, Arguments] = StringRef(Name.Qualified).rsplit("operator()");
    Name.Qualified = Variable + Arguments.str();
    if (StringRef(Name.Parameters).ends_with(" const"))
      Name.Parameters.resize(Name.Parameters.size() - strlen(" const"));
    Name.Full = Name.Qualified + Name.Parameters;
  }
  return Name;
}

std::optional<FunctionInfo> Commands::findOne(StringRef Name) {
  const NameQuery Query(Name);
  std::vector<std::pair<FunctionInfo, FunctionName>> Found;
  NameMatch Best = NameMatch::Loose;
  for (FunctionInfo &F : Session.getLayer()->list()) {
    FunctionName Parsed = getName(F.Name);
    NameMatch Match = F.Name == Name ? NameMatch::Exact : Query.compare(Parsed);
    if (Match < Best)
      continue;
    if (Match > Best)
      Found.clear();
    Best = Match;
    Found.push_back({std::move(F), std::move(Parsed)});
  }
  // Constructors and destructors have several bodies under one name.
  if (Found.size() > 1 && all_of(Found, [&](auto &Candidate) {
        return Candidate.second.Full == Found.front().second.Full;
      }))
    return Found.front().first;
  if (Found.size() == 1)
    return Found.front().first;
  if (Found.empty()) {
    for (const std::string &Unused : Session.getUnused())
      if (FunctionName Parsed = getName(Unused);
          Query.compare(Parsed) != NameMatch::None) {
        Err << formatv("reopt: {0} is of a large input, and has no code before "
                       "something uses it\n",
                       Parsed.Full);
        return std::nullopt;
      }
    Err << formatv("reopt: no function '{0}' that is in use (%reopt list * "
                   "shows all)\n",
                   Name);
    return std::nullopt;
  }
  Err << formatv("reopt: '{0}' may be any of {1} functions:\n", Name,
                 Found.size());
  for (size_t I = 0; I < Found.size() && I < 20; ++I)
    Err << "  " << Found[I].second.Full << "\n";
  if (Found.size() > 20)
    Err << formatv("  and {0} more\n", Found.size() - 20);
  return std::nullopt;
}

void Commands::now(StringRef Name) {
  std::vector<FunctionId> Ids;
  if (Name.empty()) {
    Err << "reopt: now takes a function, or * for all\n";
    return;
  }
  if (Name == "*") {
    for (const FunctionInfo &F : Session.getLayer()->list())
      Ids.push_back(F.Id);
  } else if (auto F = findOne(Name)) {
    if (F->St == Stage::Tier1) {
      Out << getName(F->Name).Full << " is in tier 1 already\n";
      return;
    }
    if (F->Why == Reason::DefinedWhileOff) {
      Err << formatv("reopt: {0}: {1}\n", getName(F->Name).Full, getReason(*F));
      return;
    }
    Ids.push_back(F->Id);
  }
  Session.getLayer()->promote(Ids);
}

void Commands::why(StringRef Name) {
  if (Name.empty()) {
    Err << "reopt: why takes a function\n";
    return;
  }
  auto F = findOne(Name);
  if (!F)
    return;
  LayerStatus S = Session.getLayer()->getStatus();
  Out << getName(F->Name).Full << "\n"
      << formatv("  stage    {0}, version {1}\n", getStageName(F->St),
                 F->Version)
      << formatv("  heat     {0} call{1} of {2}, {3} loop iteration{4} of {5}"
                 "{6}\n",
                 F->Calls, getPlural(F->Calls), S.Threshold, F->Loops,
                 getPlural(F->Loops), S.LoopThreshold,
                 F->St == Stage::Tier1 ? " (-O3 code does not count)" : "")
      << "  reason   " << getReason(*F) << "\n";
  auto Loops = Session.getLayer()->getLoops(F->Id);
  if (F->Continued)
    Out << formatv("  loops    {0} frame{1} went on at -O3\n", F->Continued,
                   getPlural(F->Continued));
  // Loops have no names: one line for each reason.
  MapVector<Reason, unsigned> Refused;
  for (auto &Why : Loops)
    if (Why)
      ++Refused[*Why];
  for (auto [Why, Count] : Refused)
    Out << formatv("  loops    {0} of {1} cannot go on while they run: {2}\n",
                   Count, Loops.size(), getSessionReasonText(Why));
  if (F->St == Stage::Tier1)
    Out << "  compile  " << getMilliseconds(F->CompileTime)
        << ", with all that was compiled along\n";
}

void Commands::wait(StringRef Seconds) {
  std::optional<std::chrono::milliseconds> Limit;
  if (!Seconds.empty()) {
    double Value;
    if (Seconds.getAsDouble(Value) || !(Value >= 0) || Value > 1e6) {
      Err << formatv("reopt: wait takes a number of seconds, not '{0}'\n",
                     Seconds);
      return;
    }
    Limit = std::chrono::milliseconds(int64_t(Value * 1000));
  }
  // Workers need the AST for what we wait for.
  AstLoan Loan(Session.getLease());
  if (Session.getLayer()->wait(Limit))
    return;
  LayerStatus S = Session.getLayer()->getStatus();
  Err << formatv("reopt: still busy after {0} s: {1} waiting, {2} being "
                 "compiled\n",
                 Seconds, S.Queued, S.Compiling);
}

void Commands::speculate(StringRef Word) {
  ReOptimizeLayer &Layer = *Session.getLayer();
  if (Word == "now") {
    // As long as it may take: what it needs is lent meanwhile.
    AstLoan Loan(Session.getLease());
    return Layer.speculate();
  }
  if (!Word.empty()) {
    unsigned Percent = 100;
    StringRef Number = Word;
    if (Word != "on" && Word != "off" &&
        (!Number.consume_back("%") || Number.getAsInteger(10, Percent) ||
         Percent > 100)) {
      Err << formatv("reopt: speculate takes on, off, now or a percentage from "
                     "0% to 100%, not '{0}'\n",
                     Word);
      return;
    }
    return Layer.setSpeculation(Word == "off" ? 0 : Percent);
  }
  LayerStatus S = Layer.getStatus();
  Out << formatv("speculate  {0}\n",
                 !S.SpeculatePercent ? "off"
                 : !S.Enabled        ? "off, since tiering is"
                                     : formatv("on, in {0}% of the time that "
                                               "the session waits",
                                               S.SpeculatePercent)
                                           .str())
      << formatv("functions  {0} compiled, {1} waiting\n", S.Speculated,
                 S.Prospects)
      << formatv("worker     {0} compile{1} in {2}, {3} failed\n",
                 S.SpeculativeBatches, getPlural(S.SpeculativeBatches),
                 getMilliseconds(S.SpeculationTime), S.SpeculationFailures);
}

} // namespace reopt
