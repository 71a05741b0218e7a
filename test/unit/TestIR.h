//===- TestIR.h - IR for tests ----------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modules from text, and what the verifier says of them.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_TESTIR_H
#define REOPT_TEST_TESTIR_H

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <string>

namespace reopt {

/// The module that \p Text says. A test whose text does not parse is wrong, and
/// ends.
inline std::unique_ptr<llvm::Module> parseIR(llvm::StringRef Text,
                                             llvm::LLVMContext &Ctx) {
  llvm::SMDiagnostic Diag;
  auto M = llvm::parseAssemblyString(Text, Diag, Ctx);
  if (!M) {
    Diag.print("test", llvm::errs());
    llvm::report_fatal_error("the test's IR is wrong");
  }
  return M;
}

/// What the verifier objects to in \p M; empty if nothing.
inline std::string getVerifierComplaint(const llvm::Module &M) {
  std::string Complaint;
  llvm::raw_string_ostream OS(Complaint);
  if (llvm::verifyModule(M, &OS) && Complaint.empty())
    Complaint = "broken";
  return Complaint;
}

/// What code needs that throws and catches an int; and @throw_if, which throws
/// its argument if it is a multiple of three, and returns it otherwise.
inline const char *const ExceptionIR = R"(
  @_ZTIi = external constant ptr
  declare i32 @__gxx_personality_v0(...)
  declare ptr @__cxa_allocate_exception(i64)
  declare void @__cxa_throw(ptr, ptr, ptr)
  declare ptr @__cxa_begin_catch(ptr)
  declare void @__cxa_end_catch()
  define i32 @throw_if(i32 %n) noinline uwtable {
    %m = urem i32 %n, 3
    %throws = icmp eq i32 %m, 0
    br i1 %throws, label %throw, label %return
  throw:
    %e = call ptr @__cxa_allocate_exception(i64 4)
    store i32 %n, ptr %e
    call void @__cxa_throw(ptr %e, ptr @_ZTIi, ptr null)
    unreachable
  return:
    ret i32 %n
  }
)";

/// Debug information: !4 is a function f, !7 a line in it. Other functions have
/// the scope !1, the type !5 and the unit !0.
inline const char *const DebugInfoIR = R"(
  !llvm.dbg.cu = !{!0}
  !llvm.module.flags = !{!2, !3}
  !0 = distinct !DICompileUnit(language: DW_LANG_C_plus_plus, file: !1,
                               emissionKind: FullDebug)
  !1 = !DIFile(filename: "f.cpp", directory: ".")
  !2 = !{i32 2, !"Dwarf Version", i32 5}
  !3 = !{i32 2, !"Debug Info Version", i32 3}
  !4 = distinct !DISubprogram(name: "f", scope: !1, file: !1, line: 1,
                              type: !5, unit: !0,
                              spFlags: DISPFlagDefinition)
  !5 = !DISubroutineType(types: !6)
  !6 = !{null}
  !7 = !DILocation(line: 2, scope: !4)
)";

/// @f0(x) = x to @f<N-1>(x) = x + N - 1.
inline std::string getAddingFunctions(int N) {
  std::string Text;
  for (int I = 0; I != N; ++I)
    Text += "define i32 @f" + std::to_string(I) +
            "(i32 %x) {\n"
            "  %r = add i32 %x, " +
            std::to_string(I) +
            "\n"
            "  ret i32 %r\n"
            "}\n";
  return Text;
}

} // namespace reopt

#endif // REOPT_TEST_TESTIR_H
