//===- BaselineTest.h - Both code generators on one module ------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the baseline compiler generates is right if it does what LLVM's code
// does. So a module is compiled by both, and each function of it that takes two
// numbers, or a buffer and a number, is called in both with all that is near a
// border. Floats travel as their bits, in integers: registers of another kind
// are what functions among themselves pass.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_BASELINETEST_H
#define REOPT_TEST_BASELINETEST_H

#include "TestExecutor.h"

#include "baseline/BaselineCompiler.h"
#include "reopt/TierZeroCompiler.h"

#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace reopt {

/// A JIT with the code of one of both.
class OneCode {
public:
  OneCode() : J(cantFail(llvm::orc::LLJITBuilder().create())) {}

  void define(llvm::StringRef Name, const void *Address) {
    cantFail(J->getMainJITDylib().define(
        llvm::orc::absoluteSymbols({{J->mangleAndIntern(Name),
                                     {llvm::orc::ExecutorAddr::fromPtr(Address),
                                      llvm::JITSymbolFlags::Exported |
                                          llvm::JITSymbolFlags::Callable}}})));
  }
  void add(std::unique_ptr<llvm::MemoryBuffer> Object) {
    cantFail(J->addObjectFile(std::move(Object)));
  }
  template <class T> T get(llvm::StringRef Name) {
    auto A = J->lookup(Name);
    if (!A)
      llvm::report_fatal_error(A.takeError());
    return A->toPtr<T>();
  }

private:
  std::unique_ptr<llvm::orc::LLJIT> J;
};

class BaselineTest : public testing::Test {
protected:
  using Numbers = uint64_t (*)(uint64_t, uint64_t);
  using OnBuffer = uint64_t (*)(unsigned char *, uint64_t);
  using Buffer = std::array<unsigned char, 1024>;

  static void SetUpTestSuite() { TestExecutor::initializeTarget(); }

  static llvm::orc::JITTargetMachineBuilder getMachine() {
    auto JTMB = cantFail(llvm::orc::JITTargetMachineBuilder::detectHost());
    JTMB.setRelocationModel(llvm::Reloc::PIC_);
    JTMB.setCodeModel(llvm::CodeModel::Small);
    return JTMB;
  }

  std::unique_ptr<llvm::Module> parse(llvm::StringRef Text) {
    auto M = parseIR(Text, Ctx);
    M->setTargetTriple(Machine.getTargetTriple());
    M->setDataLayout(cantFail(Machine.getDefaultDataLayoutForTarget()));
    std::string Complaint = getVerifierComplaint(*M);
    if (!Complaint.empty())
      llvm::report_fatal_error(llvm::Twine(Complaint));
    return M;
  }

  std::unique_ptr<llvm::MemoryBuffer> compileBaseline(const llvm::Module &M) {
    llvm::StringRef Why;
    auto Object = baseline::compile(M, Machine.getTargetTriple(), Why);
    EXPECT_TRUE(Object) << "refused for " << Why.str();
    return Object;
  }

  std::unique_ptr<llvm::MemoryBuffer> compileLLVM(llvm::Module &M) {
    return cantFail(Reference(M));
  }

  /// A symbol that the code of both may use.
  void define(llvm::StringRef Name, const void *Address) {
    Ours.define(Name, Address);
    Theirs.define(Name, Address);
  }

  /// Links \p Text as both compile it. May be called once. False, and a failed
  /// test, if the baseline compiler refuses.
  [[nodiscard]] bool link(llvm::StringRef Text) {
    auto M = parse(Text);
    for (const llvm::Function &F : *M) {
      if (F.isDeclaration() || F.hasLocalLinkage() || F.arg_size() != 2 ||
          !F.getReturnType()->isIntegerTy(64) ||
          !F.getArg(1)->getType()->isIntegerTy(64) || F.isVarArg())
        continue;
      if (F.getArg(0)->getType()->isPointerTy())
        BufferNames.push_back(F.getName().str());
      else if (F.getArg(0)->getType()->isIntegerTy(64))
        NumberNames.push_back(F.getName().str());
    }
    auto Object = compileBaseline(*M);
    if (!Object)
      return false;
    Ours.add(std::move(Object));
    Theirs.add(compileLLVM(*M));
    return true;
  }

  /// Numbers near a border of an integer or of a float.
  static const std::vector<uint64_t> &getBorders() {
    static const std::vector<uint64_t> Borders = {
        0,
        1,
        2,
        3,
        7,
        31,
        63,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0x123456789abcdef0,
        0x7fffffffffffffff,
        0x8000000000000000,
        0x8000000080008080,
        0xfffffffffffffffe,
        0xffffffffffffffff,
        0xffffffff80000000,
        // Doubles: 1, -1.5, 2^31, 2^32, 2^53 + 1, 2^63, the one below 2^64,
        // -2^63, infinities, NaN, denormals, the largest.
        0x3ff0000000000000,
        0xbff8000000000000,
        0x41e0000000000000,
        0x41f0000000000000,
        0x4340000000000001,
        0x43e0000000000000,
        0x43efffffffffffff,
        0xc3e0000000000000,
        0x7ff0000000000000,
        0xfff0000000000000,
        0x7ff8000000000000,
        0xfff8000000000001,
        0x800fffffffffffff,
        0x7fefffffffffffff,
        // Floats, likewise: 1, -1.5, 2^31, 2^63, infinities, NaN, a denormal.
        0x3f800000,
        0xbfc00000,
        0x4f000000,
        0x5f000000,
        0x7f800000,
        0xff800000,
        0x7fc00001,
        0x807fffff,
        0x7f7fffff,
    };
    return Borders;
  }

  /// Calls all functions of two numbers with all pairs of \p Arguments.
  void compareNumbers(const std::vector<uint64_t> &Arguments = getBorders()) {
    EXPECT_FALSE(NumberNames.empty());
    for (const std::string &Name : NumberNames) {
      auto F = Ours.get<Numbers>(Name), G = Theirs.get<Numbers>(Name);
      compare(Name, Arguments, F, G);
    }
  }

  /// Calls all functions of a buffer and a number with each of \p Arguments.
  /// The buffer's contents count too.
  void compareBuffers(const std::vector<uint64_t> &Arguments = getBorders()) {
    EXPECT_FALSE(BufferNames.empty());
    for (const std::string &Name : BufferNames) {
      auto F = Ours.get<OnBuffer>(Name), G = Theirs.get<OnBuffer>(Name);
      for (uint64_t A : Arguments) {
        alignas(16) static Buffer Bytes;
        auto Call = [&](OnBuffer Fn) {
          for (unsigned I = 0; I < Bytes.size(); ++I)
            Bytes[I] = static_cast<unsigned char>(I * 37 + (I >> 8) + 11);
          return Fn(Bytes.data(), A);
        };
        const uint64_t Got = Call(F);
        const Buffer After = Bytes;
        const uint64_t Expected = Call(G);
        ASSERT_EQ(Got, Expected) << Name << " of " << A;
        for (unsigned I = 0; I < Bytes.size(); ++I)
          ASSERT_EQ(int(After[I]), int(Bytes[I]))
              << Name << " of " << A << ", byte " << I;
      }
    }
  }

  void linkAndCompare(llvm::StringRef Text) {
    if (!link(Text))
      return;
    if (!NumberNames.empty())
      compareNumbers();
    if (!BufferNames.empty())
      compareBuffers();
  }

  llvm::LLVMContext Ctx;
  llvm::orc::JITTargetMachineBuilder Machine = getMachine();
  TierZeroCompiler Reference{Machine, /*UseBaseline=*/false};
  OneCode Ours, Theirs;
  std::vector<std::string> NumberNames, BufferNames;

  static void compare(const std::string &Name,
                      const std::vector<uint64_t> &Arguments, Numbers F,
                      Numbers G) {
    for (uint64_t A : Arguments)
      for (uint64_t B : Arguments)
        if (const uint64_t Got = F(A, B), Expected = G(A, B); Got != Expected) {
          ADD_FAILURE() << Name << " of " << std::hex << "0x" << A << ", 0x"
                        << B << " is 0x" << Got << ", and should be 0x"
                        << Expected;
          return;
        }
  }
};

/// \p Text with what stands in it for something, such as $T, replaced.
inline std::string
fill(std::string Text,
     std::initializer_list<std::pair<const char *, std::string>> Words) {
  for (auto &[From, To] : Words)
    for (size_t At = 0; (At = Text.find(From, At)) != std::string::npos;
         At += To.size())
      Text.replace(At, std::strlen(From), To);
  return Text;
}

inline std::string intType(unsigned Bits) { return "i" + std::to_string(Bits); }

/// Defines %To as the \p Bits low bits of %From.
inline std::string narrow(const char *To, const char *From, unsigned Bits) {
  return fill("  %$t = $op $w\n",
              {{"$t", To},
               {"$op", Bits == 64 ? "freeze i64" : "trunc i64"},
               {"$w", "%" + std::string(From) +
                          (Bits == 64 ? "" : " to " + intType(Bits))}});
}

/// Returns the integer %r.
inline std::string returnInt(unsigned Bits) {
  if (Bits == 64)
    return "  ret i64 %r\n}\n";
  return "  %wide = zext " + intType(Bits) + " %r to i64\n  ret i64 %wide\n}\n";
}

/// @"Name" of i64 %a and %b; %x and %y are their low bits, \p Body makes %r of
/// that.
inline std::string intFunction(const std::string &Name, unsigned Bits,
                               const std::string &Body,
                               unsigned ResultBits = 0) {
  return "define i64 @\"" + Name + "\"(i64 %a, i64 %b) {\n" +
         narrow("x", "a", Bits) + narrow("y", "b", Bits) + Body +
         returnInt(ResultBits ? ResultBits : Bits);
}

inline std::string floatType(unsigned Bits) {
  return Bits == 32 ? "float" : "double";
}

/// Like narrow(), of a float or double with these bits.
inline std::string narrowFloat(const char *To, const char *From,
                               unsigned Bits) {
  return narrow((std::string(To) + ".bits").c_str(), From, Bits) +
         fill("  %$t = bitcast i$b %$t.bits to $f\n",
              {{"$t", To},
               {"$b", std::to_string(Bits)},
               {"$f", floatType(Bits)}});
}

/// Returns the bits of the float %r. Which NaN arithmetic makes is nobody's
/// promise: all are one, if \p OneNaN.
inline std::string returnFloat(unsigned Bits, bool OneNaN = true) {
  std::string Text =
      fill("  %bits = bitcast $f %r to i$b\n",
           {{"$b", std::to_string(Bits)}, {"$f", floatType(Bits)}});
  if (OneNaN)
    Text += fill("  %isnan = fcmp uno $f %r, %r\n"
                 "  %kept = select i1 %isnan, i$b 77, i$b %bits\n",
                 {{"$b", std::to_string(Bits)}, {"$f", floatType(Bits)}});
  else
    Text += "  %kept = freeze i" + std::to_string(Bits) + " %bits\n";
  if (Bits == 64)
    return Text + "  ret i64 %kept\n}\n";
  return Text + "  %wide = zext i32 %kept to i64\n  ret i64 %wide\n}\n";
}

/// Like intFunction(), with %x, %y and %r floats.
inline std::string floatFunction(const std::string &Name, unsigned Bits,
                                 const std::string &Body, bool OneNaN = true) {
  return "define i64 @\"" + Name + "\"(i64 %a, i64 %b) {\n" +
         narrowFloat("x", "a", Bits) + narrowFloat("y", "b", Bits) + Body +
         returnFloat(Bits, OneNaN);
}

} // namespace reopt

#endif // REOPT_TEST_BASELINETEST_H
