//===- OptionsTest.cpp - Tests of reopt::Options --------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/Options.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

#include <set>

using namespace llvm;
using namespace reopt;

namespace {

struct Entry {
  StringRef Name;
  int64_t Options::*Field;
  int64_t Default, Min, Max;
  StringRef Unit, Text;
  bool IsHidden;
};

const Entry Entries[] = {
#define REOPT_OPTION(Field, Name, Default, Min, Max, Unit, Text)               \
  {Name, &Options::Field, Default, Min, Max, Unit, Text, false},
#define REOPT_HIDDEN_OPTION(Field, Name, Default, Min, Max, Unit, Text)        \
  {Name, &Options::Field, Default, Min, Max, Unit, Text, true},
#include "reopt/Options.def"
};

/// What listings show.
std::vector<Entry> getShownEntries() {
  std::vector<Entry> Shown;
  copy_if(Entries, std::back_inserter(Shown),
          [](const Entry &E) { return !E.IsHidden; });
  return Shown;
}

/// All values, in the order of the list.
std::vector<int64_t> getValues(const Options &O) {
  std::vector<int64_t> Values;
  for (const Entry &E : Entries)
    Values.push_back(O.*E.Field);
  return Values;
}

std::string set(Options &O, const Twine &Assignment) {
  return toString(O.set(Assignment.str()));
}

/// Sets what must be refused: with one line, and changing nothing.
std::string refuse(Options &O, const Twine &Assignment) {
  auto Before = getValues(O);
  std::string Text = set(O, Assignment);
  EXPECT_NE(Text, "") << Assignment.str();
  EXPECT_EQ(Text.find('\n'), std::string::npos) << Text;
  EXPECT_EQ(getValues(O), Before) << Assignment.str();
  return Text;
}

TEST(OptionsTest, TheListIsSound) {
  std::set<std::string> Names;
  for (const Entry &E : Entries) {
    EXPECT_TRUE(Names.insert(E.Name.str()).second) << E.Name.str();
    for (char C : E.Name)
      EXPECT_TRUE(isLower(C) || C == '-') << E.Name.str();
    EXPECT_LE(E.Min, E.Default) << E.Name.str();
    EXPECT_LE(E.Default, E.Max) << E.Name.str();
    EXPECT_FALSE(E.Unit.empty()) << E.Name.str();
    EXPECT_FALSE(E.Text.empty()) << E.Name.str();
  }
}

TEST(OptionsTest, EachHasItsDefault) {
  Options O;
  for (const Entry &E : Entries)
    EXPECT_EQ(O.*E.Field, E.Default) << E.Name.str();
}

TEST(OptionsTest, EachTakesItsLimitsAndChangesNoOther) {
  for (const Entry &E : Entries)
    for (int64_t Value : {E.Min, E.Max}) {
      Options O;
      auto Expected = getValues(O);
      Expected[&E - Entries] = Value;
      EXPECT_EQ(set(O, E.Name + "=" + Twine(Value)), "");
      EXPECT_EQ(getValues(O), Expected) << E.Name.str();
    }
}

/// What is said of a \p Value that \p E does not take.
std::string getRefusal(const Entry &E, const Twine &Value) {
  const std::string Valid = E.Unit.str() == "on|off"
                                ? "on or off"
                                : ("a number of " + E.Unit + " from " +
                                   Twine(E.Min) + " to " + Twine(E.Max))
                                      .str();
  return ("option " + E.Name + " takes " + Valid + ", not '" + Value + "'")
      .str();
}

TEST(OptionsTest, EachRefusesWhatIsBeyondItsLimits) {
  Options O;
  for (const Entry &E : Entries)
    for (int64_t Value : {E.Min - 1, E.Max + 1})
      EXPECT_EQ(refuse(O, E.Name + "=" + Twine(Value)),
                getRefusal(E, Twine(Value)));
}

TEST(OptionsTest, EachRefusesWhatIsNoNumber) {
  Options O;
  for (const Entry &E : Entries)
    for (const char *Value :
         {"", "many", "1x", "0x10", "1.5", "1e3", "--1", "1 2", "1=1", "ON",
          "yes", "99999999999999999999", "9223372036854775808"})
      EXPECT_EQ(refuse(O, E.Name + "=" + Value), getRefusal(E, Value));
}

TEST(OptionsTest, WordsAndNoValueMeanOneAndZero) {
  Options O;
  for (const char *Off : {"off", "false", "0"}) {
    O.Enabled = 1;
    EXPECT_EQ(set(O, Twine("tiering=") + Off), "");
    EXPECT_EQ(O.Enabled, 0) << Off;
  }
  for (const char *On :
       {"tiering=on", "tiering=true", "tiering=1", "tiering"}) {
    O.Enabled = 0;
    EXPECT_EQ(set(O, On), "");
    EXPECT_EQ(O.Enabled, 1) << On;
  }
  EXPECT_EQ(set(O, "threshold"), "");
  EXPECT_EQ(O.Threshold, 1);
}

TEST(OptionsTest, SpacesAroundNameAndValueDoNotCount) {
  Options O;
  EXPECT_EQ(set(O, "  threshold =\t17 "), "");
  EXPECT_EQ(O.Threshold, 17);
  EXPECT_EQ(set(O, " tiering "), "");
}

TEST(OptionsTest, AnUnknownNameGetsTheValidOnes) {
  Options O;
  for (const char *Name : {"treshold", "Threshold", "", "thresholds"}) {
    std::string Expected =
        std::string("no option '") + Name + "'; valid are " + getOptionNames();
    EXPECT_EQ(refuse(O, Name), Expected);
    EXPECT_EQ(refuse(O, Twine(Name) + "=1"), Expected);
  }
}

TEST(OptionsTest, AListIsSeparatedByCommasAndSpaces) {
  for (const char *List :
       {"threshold=5,warm=20,tiering=off", "threshold=5 warm=20 tiering=off",
        " ,threshold=5, warm=20\ttiering=off\n,"}) {
    Options O;
    EXPECT_EQ(toString(O.setAll(List)), "") << List;
    EXPECT_EQ(O.Threshold, 5) << List;
    EXPECT_EQ(O.WarmPercent, 20) << List;
    EXPECT_EQ(O.Enabled, 0) << List;
  }
}

TEST(OptionsTest, AnEmptyListChangesNothing) {
  Options O;
  auto Before = getValues(O);
  EXPECT_EQ(toString(O.setAll("")), "");
  EXPECT_EQ(toString(O.setAll(" , \n")), "");
  EXPECT_EQ(getValues(O), Before);
}

TEST(OptionsTest, AListStopsAtTheFirstError) {
  Options O;
  EXPECT_EQ(toString(O.setAll("threshold=5,warm=101,threshold=6")),
            "option warm takes a number of % from 0 to 100, not '101'");
  EXPECT_EQ(O.Threshold, 5);
  EXPECT_EQ(O.WarmPercent, Options().WarmPercent);
}

TEST(OptionsTest, TheLastOfTwoHolds) {
  Options O;
  EXPECT_EQ(toString(O.setAll("threshold=5,threshold=6")), "");
  EXPECT_EQ(O.Threshold, 6);
}

TEST(OptionsTest, NamesAreThoseOfTheListInItsOrder) {
  SmallVector<StringRef, 16> Names;
  std::string Text = getOptionNames();
  StringRef(Text).split(Names, ", ");
  const auto Shown = getShownEntries();
  ASSERT_EQ(Names.size(), Shown.size());
  for (size_t I = 0; I != Shown.size(); ++I)
    EXPECT_EQ(Names[I], Shown[I].Name);
}

TEST(OptionsTest, HelpIsATableWithALineForEach) {
  SmallVector<StringRef, 16> Lines;
  std::string Help = getOptionHelp();
  StringRef(Help).trim('\n').split(Lines, '\n');
  const auto Shown = getShownEntries();
  ASSERT_EQ(Lines.size(), Shown.size());
  std::set<size_t> Columns;
  for (size_t I = 0; I != Shown.size(); ++I) {
    const Entry &E = Shown[I];
    StringRef Line = Lines[I];
    EXPECT_TRUE(Line.ltrim().starts_with(E.Name)) << Line.str();
    EXPECT_TRUE(Line.contains((" " + Twine(E.Default) + " ").str()))
        << Line.str();
    EXPECT_TRUE(Line.contains((" " + E.Unit + " ").str())) << Line.str();
    EXPECT_TRUE(Line.ends_with(E.Text)) << Line.str();
    Columns.insert(Line.size() - E.Text.size());
  }
  EXPECT_EQ(Columns.size(), 1u) << "the texts are not aligned";
}

TEST(OptionsTest, AClientSaysItsOwnWordsInTheHelp) {
  std::string Own = getOptionHelp([](StringRef Name) -> StringRef {
    return Name == "threshold" ? "as the client says" : "";
  });
  std::string Help = getOptionHelp();
  const StringRef Text = "calls until a function trips";
  ASSERT_NE(Help.find(Text), std::string::npos);
  Help.replace(Help.find(Text), Text.size(), "as the client says");
  EXPECT_EQ(Own, Help);
}

TEST(OptionsTest, TheHelpSuitsAnyPolicy) {
  for (StringRef Word : {"clang", "AST", "-O", "%reopt"})
    EXPECT_EQ(getOptionHelp().find(Word), std::string::npos) << Word.str();
}

} // namespace
