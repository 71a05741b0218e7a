//===- BaselineRandomTest.cpp - Random functions by both compilers -------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions of random instructions, which do the same by the code of both
// compilers. A function is a row of segments: straight code, a choice of two or
// of many ways that meet again with phis, or a loop that counts to a small
// number. So each block is dominated by those before it, and a value of a
// segment that is always run may be used in all that follow.
//
// No instruction has undefined behaviour or poison for a result: shifts are
// masked, divisors guarded, variables initialised, floats in the range of what
// they are converted to.
//
//===----------------------------------------------------------------------===//

#include "BaselineTest.h"

#include <random>

using namespace llvm;
using namespace reopt;

namespace {

class Generator {
public:
  /// \p Shuffle: the blocks lie in any order.
  Generator(unsigned Seed, bool Shuffle) : Shuffle(Shuffle), Random(Seed) {}

  /// A module of \p Functions functions that call those before them.
  std::string makeModule(unsigned Functions) {
    Text = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"
           "@data = internal global [16 x i64] zeroinitializer\n";
    for (unsigned I = 0; I < Functions; ++I)
      makeFunction(I);
    return std::move(Text);
  }

private:
  struct Value {
    std::string Type, Name;
  };

  /// What another function is called with.
  struct Callee {
    std::string Name;
    std::vector<std::string> Types;
    std::string Result;
  };

  unsigned below(unsigned N) { return Random() % N; }
  bool oneIn(unsigned N) { return below(N) == 0; }
  std::string fresh() { return "%v" + std::to_string(Next++); }
  std::string freshBlock() { return "b" + std::to_string(Next++); }
  void emit(const std::string &Line) { Text += "  " + Line + "\n"; }
  void beginBlock(const std::string &Name) {
    Text += Name + ":\n";
    Block = Name;
  }

  static unsigned getBits(const std::string &T) {
    return std::stoi(T.substr(1));
  }
  static bool isInt(const std::string &T) { return T[0] == 'i'; }

  std::string pickType() {
    static const char *const Types[] = {"i64", "i64", "i64", "i32",    "i32",
                                        "i16", "i8",  "i1",  "double", "float"};
    return Types[below(std::size(Types))];
  }
  std::string pickInt() {
    static const char *const Types[] = {"i64", "i64", "i32",
                                        "i32", "i16", "i8"};
    return Types[below(std::size(Types))];
  }

  std::string makeConstant(const std::string &T) {
    if (T == "i1")
      return oneIn(2) ? "true" : "false";
    if (!isInt(T)) {
      static const char *const Floats[] = {"0.0",  "-0.0",   "1.0",
                                           "-2.5", "1024.0", "0.125"};
      return Floats[below(std::size(Floats))];
    }
    const unsigned Bits = getBits(T);
    switch (below(4)) {
    case 0:
      return std::to_string(int(below(5)) - 2);
    case 1:
      return std::to_string(oneIn(2) ? minIntN(Bits) : maxIntN(Bits));
    case 2:
      return std::to_string(int(below(256)) - 128);
    default:
      return std::to_string(
          SignExtend64(uint64_t(Random()) << 32 | Random(), Bits));
    }
  }

  /// A value of type \p T that is there: mostly a recent one.
  std::string pick(const std::string &T, bool Constants = true) {
    if (Constants && oneIn(5))
      return makeConstant(T);
    for (unsigned Try = 0; Try < 12; ++Try) {
      const unsigned N = Visible.size();
      const Value &V =
          Visible[oneIn(3) ? below(N) : N - 1 - below(std::min(N, 12u))];
      if (V.Type == T)
        return V.Name;
    }
    for (const Value &V : Visible)
      if (V.Type == T)
        return V.Name;
    return makeConstant(T);
  }

  std::string define(const std::string &T, const std::string &What) {
    const std::string Name = fresh();
    emit(Name + " = " + What);
    Visible.push_back({T, Name});
    return Name;
  }

  /// A value that is used here only.
  std::string helper(const std::string &What) {
    const std::string Name = fresh();
    emit(Name + " = " + What);
    return Name;
  }

  std::string guardDivisor(const std::string &T, const std::string &X,
                           const std::string &Y) {
    auto Zero = helper("icmp eq " + T + " " + Y + ", 0");
    auto Minus = helper("icmp eq " + T + " " + Y + ", -1");
    auto Least = helper("icmp eq " + T + " " + X + ", " +
                        std::to_string(minIntN(getBits(T))));
    auto Over = helper("and i1 " + Minus + ", " + Least);
    auto Bad = helper("or i1 " + Zero + ", " + Over);
    return helper("select i1 " + Bad + ", " + T + " 3, " + T + " " + Y);
  }

  void makeArithmetic() {
    const std::string T = pickInt();
    const std::string X = pick(T), Y = pick(T);
    switch (below(4)) {
    case 0: {
      static const char *const Ops[] = {"shl", "lshr", "ashr"};
      auto N =
          helper("and " + T + " " + Y + ", " + std::to_string(getBits(T) - 1));
      define(T, Ops[below(3)] + (" " + T) + " " + X + ", " + N);
      return;
    }
    case 1: {
      static const char *const Ops[] = {"sdiv", "udiv", "srem", "urem"};
      if (oneIn(3)) { // a constant
        const int64_t D =
            oneIn(2) ? 1ll << below(getBits(T) - 1) : int64_t(3 + below(100));
        define(T,
               Ops[below(4)] + (" " + T) + " " + X + ", " + std::to_string(D));
        return;
      }
      auto D = guardDivisor(T, X, Y);
      define(T, Ops[below(4)] + (" " + T) + " " + X + ", " + D);
      return;
    }
    default: {
      static const char *const Ops[] = {"add", "sub", "mul",
                                        "and", "or",  "xor"};
      define(T, Ops[below(6)] + (" " + T) + " " + X + ", " + Y);
    }
    }
  }

  void makeFloat() {
    const std::string T = oneIn(2) ? "double" : "float";
    static const char *const Ops[] = {"fadd", "fsub", "fmul", "fdiv"};
    const std::string X = pick(T);
    if (oneIn(6)) {
      define(T, "fneg " + T + " " + X);
      return;
    }
    const std::string R =
        helper(Ops[below(4)] + (" " + T) + " " + X + ", " + pick(T));
    // Which NaN it is, nobody promises.
    const std::string IsNaN = helper("fcmp uno " + T + " " + R + ", " + R);
    define(T, "select i1 " + IsNaN + ", " + T + " 1.0, " + T + " " + R);
  }

  std::string makeCompare() {
    if (oneIn(4)) {
      static const char *const P[] = {"oeq", "ogt", "oge", "olt", "ole",
                                      "one", "ord", "ueq", "ugt", "uge",
                                      "ult", "ule", "une", "uno"};
      const std::string T = oneIn(2) ? "double" : "float";
      return define("i1", std::string("fcmp ") + P[below(std::size(P))] + " " +
                              T + " " + pick(T) + ", " + pick(T));
    }
    static const char *const P[] = {"eq",  "ne",  "ugt", "uge", "ult",
                                    "ule", "sgt", "sge", "slt", "sle"};
    const std::string T = pickInt();
    return define("i1", std::string("icmp ") + P[below(std::size(P))] + " " +
                            T + " " + pick(T, false) + ", " + pick(T));
  }

  void makeCast() {
    const std::string From = pickInt(), To = pickInt();
    const unsigned F = getBits(From), T = getBits(To);
    switch (below(5)) {
    case 0: {
      const std::string D = oneIn(2) ? "double" : "float";
      define(D, (oneIn(2) ? "sitofp " : "uitofp ") + From + " " + pick(From) +
                    " to " + D);
      return;
    }
    case 1: { // within +-100 of any width, and 0 to 100 for unsigned
      const std::string D = oneIn(2) ? "double" : "float";
      const bool Signed = oneIn(2);
      const std::string X = pick(D, false);
      auto Above = helper("fcmp ogt " + D + " " + X + ", " +
                          (Signed ? "-100.0" : "-0.5"));
      auto Below = helper("fcmp olt " + D + " " + X + ", 100.0");
      auto In = helper("and i1 " + Above + ", " + Below);
      auto V =
          helper("select i1 " + In + ", " + D + " " + X + ", " + D + " 42.75");
      define(To, (Signed ? "fptosi " : "fptoui ") + D + " " + V + " to " + To);
      return;
    }
    case 2:
      if (oneIn(2))
        define("i1", "trunc " + From + " " + pick(From) + " to i1");
      else
        define(To,
               (oneIn(2) ? "zext i1 " : "sext i1 ") + pick("i1") + " to " + To);
      return;
    default:
      if (F == T)
        return makeArithmetic();
      define(To, (F > T      ? "trunc "
                  : oneIn(2) ? "zext "
                             : "sext ") +
                     From + " " + pick(From) + " to " + To);
    }
  }

  /// An address in a variable of the frame, or in the module's data.
  std::string makeAddress() {
    const std::string Base =
        oneIn(5) ? "@data" : Variables[below(Variables.size())];
    if (oneIn(3))
      return Base;
    if (oneIn(2))
      return helper("getelementptr i8, ptr " + Base + ", i64 " +
                    std::to_string(8 * below(16)));
    const std::string T = oneIn(2) ? "i64" : "i32";
    auto N = helper("and " + T + " " + pick(T, false) + ", 15");
    return helper("getelementptr [16 x i64], ptr " + Base + ", i64 0, " + T +
                  " " + N);
  }

  void makeMemory() {
    // Of floats no bits that an integer left: they may be any NaN.
    const std::string T = pickInt();
    switch (below(6)) {
    case 0:
    case 1:
      emit("store " + T + " " + pick(T) + ", ptr " + makeAddress());
      return;
    case 2: {
      const std::string To = Variables[below(Variables.size())];
      emit("call void @llvm.memcpy.p0.p0.i64(ptr " + To + ", ptr @data, i64 " +
           std::to_string(below(129)) + ", i1 false)");
      return;
    }
    case 3: {
      emit("store double " + pick("double") + ", ptr %floats");
      define("double", "load double, ptr %floats");
      return;
    }
    default:
      define(T, "load " + T + ", ptr " + makeAddress());
    }
  }

  void makeSelect() {
    const std::string T = pickType();
    define(T, "select i1 " + pick("i1") + ", " + T + " " + pick(T) + ", " + T +
                  " " + pick(T));
  }

  void makeCall() {
    if (Callees.empty() || Calls >= 4)
      return makeArithmetic();
    ++Calls;
    const Callee &C = Callees[Callees.size() - 1 -
                              below(std::min<size_t>(Callees.size(), 4))];
    std::string Arguments;
    for (const std::string &T : C.Types)
      Arguments += (Arguments.empty() ? "" : ", ") + T + " " + pick(T);
    define(C.Result,
           "call " + C.Result + " @" + C.Name + "(" + Arguments + ")");
  }

  void makePair() {
    const std::string T = pickInt(), U = oneIn(2) ? "double" : pickInt();
    const std::string P = "{ " + T + ", " + U + " }";
    auto A =
        helper("insertvalue " + P + " undef, " + T + " " + pick(T) + ", 0");
    auto B =
        helper("insertvalue " + P + " " + A + ", " + U + " " + pick(U) + ", 1");
    define(U, "extractvalue " + P + " " + B + ", 1");
    define(T, "extractvalue " + P + " " + B + ", 0");
  }

  void makeCode(unsigned Count) {
    for (unsigned I = 0; I < Count; ++I)
      switch (below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        makeArithmetic();
        break;
      case 4:
        makeFloat();
        break;
      case 5:
        makeCompare();
        break;
      case 6:
        makeCast();
        break;
      case 7:
      case 8:
        makeMemory();
        break;
      case 9:
        makeSelect();
        break;
      case 10:
        if (!InLoop || oneIn(4))
          makeCall();
        break;
      default:
        makePair();
      }
  }

  /// Several ways to one block, each with code of its own, and phis there. One
  /// way may be a critical edge.
  void makeChoice(unsigned Depth) {
    const bool Switch = oneIn(2);
    const unsigned Ways = Switch ? 2 + below(7) : 2;
    const bool Direct = !Switch && oneIn(2);
    const std::string Condition = Switch ? "" : makeCompare();
    const std::string SwitchType = Switch ? pickInt() : "";
    std::string On;
    if (Switch)
      On = helper("and " + SwitchType + " " + pick(SwitchType, false) + ", 15");
    std::vector<std::string> Targets;
    for (unsigned I = 0; I < Ways; ++I)
      Targets.push_back(freshBlock());
    const std::string Join = freshBlock();
    if (Direct)
      Targets[1] = Join;
    if (Switch) {
      std::string Cases;
      // Some cases lead to one block.
      for (unsigned I = 0, E = 1 + below(15); I < E; ++I)
        Cases += " " + SwitchType + " " + std::to_string(I) + ", label %" +
                 Targets[1 + below(Ways - 1)];
      // All blocks are reached.
      emit("switch " + SwitchType + " " + On + ", label %" + Targets[0] + " [" +
           Cases + " ]");
    } else {
      emit("br i1 " + Condition + ", label %" + Targets[0] + ", label %" +
           Targets[1]);
    }
    const std::string Before = Block;
    const size_t Known = Visible.size();
    std::vector<std::string> Types;
    for (unsigned I = 0, E = below(5); I < E; ++I)
      Types.push_back(pickType());
    std::vector<std::string> Incoming(Types.size());
    auto AddIncoming = [&](const std::string &From) {
      for (unsigned I = 0; I < Types.size(); ++I)
        Incoming[I] += (Incoming[I].empty() ? "[ " : ", [ ") + pick(Types[I]) +
                       ", %" + From + " ]";
    };
    if (Direct)
      AddIncoming(Before);
    for (const std::string &Target : Targets) {
      if (Target == Join)
        continue;
      beginBlock(Target);
      makeSegments(1, Depth + 1);
      AddIncoming(Block);
      emit("br label %" + Join);
      Visible.resize(Known);
    }
    beginBlock(Join);
    for (unsigned I = 0; I < Types.size(); ++I)
      define(Types[I], "phi " + Types[I] + " " + Incoming[I]);
  }

  /// Up to eight rounds; its phis rotate, or take what a round computes.
  void makeLoop(unsigned Depth) {
    const std::string Count = helper("and i64 " + pick("i64", false) + ", 7");
    const std::string Before = Block, Head = freshBlock(), Latch = freshBlock(),
                      End = freshBlock();
    std::vector<std::string> Types, Starts, Phis;
    for (unsigned I = 0, E = below(6); I < E; ++I) {
      Types.push_back(I && oneIn(2) ? Types.back() : pickType());
      Starts.push_back(pick(Types.back()));
    }
    emit("br label %" + Head);
    beginBlock(Head);
    const std::string I = fresh(), Step = fresh();
    const size_t PhisAt = Text.size();
    for (const std::string &T : Types) {
      Phis.push_back(fresh());
      Visible.push_back({T, Phis.back()});
    }
    Visible.push_back({"i64", I});
    const bool Outer = InLoop;
    InLoop = true;
    makeSegments(1 + below(2), Depth + 1);
    InLoop = Outer;
    // A block may be its own predecessor.
    const bool Own = Block == Head;
    std::string Back = Block;
    if (!Own && oneIn(2)) {
      emit("br label %" + Latch);
      beginBlock(Latch);
      Back = Latch;
    }
    std::string PhiText = "  " + I + " = phi i64 [ 0, %" + Before + " ], [ " +
                          Step + ", %" + Back + " ]\n";
    for (unsigned N = 0; N < Types.size(); ++N) {
      std::string From = pick(Types[N]);
      const unsigned Other = (N + 1) % Types.size();
      if (Types[Other] == Types[N] && oneIn(2))
        From = Phis[Other];
      PhiText += "  " + Phis[N] + " = phi " + Types[N] + " [ " + Starts[N] +
                 ", %" + Before + " ], [ " + From + ", %" + Back + " ]\n";
    }
    emit(Step + " = add i64 " + I + ", 1");
    const std::string More = helper("icmp ule i64 " + Step + ", " + Count);
    emit("br i1 " + More + ", label %" + Head + ", label %" + End);
    Text.insert(PhisAt, PhiText);
    beginBlock(End);
  }

  void makeSegments(unsigned Count, unsigned Depth) {
    for (unsigned I = 0; I < Count; ++I) {
      makeCode(2 + below(8));
      if (Depth >= 3)
        continue;
      if (oneIn(3))
        makeLoop(Depth);
      else if (oneIn(2))
        makeChoice(Depth);
    }
  }

  void makeFunction(unsigned Number) {
    Visible.clear();
    Variables.clear();
    Next = 0;
    Calls = 0;
    Callee Self;
    Self.Name = "f" + std::to_string(Number);
    // Every third is called from outside.
    const bool Outside = Number % 3 == 0;
    if (Outside) {
      Self.Types = {"i64", "i64"};
      Self.Result = "i64";
    } else {
      for (unsigned I = 0, E = below(18); I < E; ++I)
        Self.Types.push_back(pickType());
      Self.Result = pickType();
    }
    Text += std::string("define ") + (Outside ? "" : "internal ") +
            Self.Result + " @" + Self.Name + "(";
    for (unsigned I = 0; I < Self.Types.size(); ++I) {
      const std::string Name = "%a" + std::to_string(I);
      Text += (I ? ", " : "") + Self.Types[I] + " " + Name;
      Visible.push_back({Self.Types[I], Name});
    }
    Text += ") {\n";
    const size_t BodyAt = Text.size();
    beginBlock("entry");
    emit("%floats = alloca double");
    for (unsigned I = 0; I < 2; ++I) {
      Variables.push_back("%m" + std::to_string(I));
      emit(Variables.back() + " = alloca [17 x i64]");
      emit("store [17 x i64] zeroinitializer, ptr " + Variables.back());
    }
    // One of each type, at least.
    define("i64", "load i64, ptr @data");
    define("i32", "trunc i64 " + pick("i64", false) + " to i32");
    define("i16", "trunc i64 " + pick("i64", false) + " to i16");
    define("i8", "trunc i64 " + pick("i64", false) + " to i8");
    define("i1", "trunc i64 " + pick("i64", false) + " to i1");
    define("double", "sitofp i64 " + pick("i64", false) + " to double");
    define("float", "sitofp i32 " + pick("i32", false) + " to float");
    makeSegments(2 + below(3), 0);
    // All that is there counts.
    std::string Sum = Self.Result;
    if (isInt(Self.Result) && Self.Result != "i1") {
      std::string Total = "0";
      for (const Value &V : std::vector<Value>(Visible)) {
        if (V.Type != Self.Result || Visible.size() > 4000)
          continue;
        auto Times = helper("mul " + V.Type + " " + Total + ", 31");
        Total = helper("add " + V.Type + " " + Times + ", " + V.Name);
      }
      emit("ret " + Self.Result + " " + Total);
    } else {
      emit("ret " + Self.Result + " " + pick(Self.Result, false));
    }
    if (Shuffle)
      shuffleBlocks(BodyAt);
    Text += "}\n";
    Callees.push_back(std::move(Self));
  }

  /// Of the function whose entry block begins at \p At, which stays first.
  void shuffleBlocks(size_t At) {
    std::vector<std::string> Blocks;
    StringRef Rest = StringRef(Text).drop_front(At);
    for (StringRef Line; !Rest.empty();) {
      std::tie(Line, Rest) = Rest.split('\n');
      if (!Line.starts_with(" "))
        Blocks.emplace_back();
      Blocks.back() += (Line + "\n").str();
    }
    std::shuffle(Blocks.begin() + 1, Blocks.end(), Random);
    Text.resize(At);
    for (const std::string &B : Blocks)
      Text += B;
  }

  const bool Shuffle;
  std::mt19937 Random;
  std::string Text, Block;
  std::vector<Value> Visible;
  std::vector<std::string> Variables;
  std::vector<Callee> Callees;
  unsigned Next = 0, Calls = 0;
  bool InLoop = false;
};

class BaselineRandomTest : public BaselineTest,
                           public testing::WithParamInterface<unsigned> {
protected:
  void compareRandom(bool Shuffle) {
    const std::string Text = Generator(GetParam(), Shuffle).makeModule(12);
    if (link(Text))
      compareNumbers({0, 1, 6, 0x7f, 0xffff8000, 0x80000000, 0x123456789abcdef0,
                      0x7fffffffffffffff, 0x8000000000000000,
                      0xffffffffffffffff});
  }
};

TEST_P(BaselineRandomTest, BothCompilersAgree) { compareRandom(false); }

TEST_P(BaselineRandomTest, BlocksMayLieInAnyOrder) { compareRandom(true); }

INSTANTIATE_TEST_SUITE_P(Seeds, BaselineRandomTest, testing::Range(1u, 31u));

} // namespace
