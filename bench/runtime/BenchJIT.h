//===- BenchJIT.h - What the measurements of runtime/ share -----*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// JITs and programs to measure with. Errors end the program: a figure from a
/// run in which something failed is none.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_BENCH_BENCHJIT_H
#define REOPT_BENCH_BENCHJIT_H

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include <functional>
#include <string>

namespace reopt::bench {

inline llvm::ExitOnError ExitOnErr{"reopt-runtime-bench: "};

/// Of what is short: the median of them is taken.
constexpr int Repetitions = 5;

/// The host's machine, as LLVM detects it.
llvm::orc::JITTargetMachineBuilder hostMachine();

/// How a JIT compiles what is added to it.
enum class Compiler {
  Default,  ///< As LLJIT does by itself.
  TierZero, ///< By reopt::TierZeroCompiler.
};

/// A JIT without threads: what is compiled, is compiled by who asks for it.
/// Code goes to a memory manager of its own if \p Tables is given, which then
/// gets everything else.
std::unique_ptr<llvm::orc::LLJIT>
makeJIT(Compiler C,
        std::unique_ptr<llvm::jitlink::JITLinkMemoryManager> Tables = nullptr);

/// \p Text as a module for \p J, in a context of its own.
llvm::orc::ThreadSafeModule parse(const llvm::orc::LLJIT &J,
                                  const std::string &Text);

/// IR as a front end emits it at -O0, every variable in memory:
/// \code
///   long name(long n) {
///     long h = seed;
///     for (long i = 0; i < n; ++i)
///       if (h & 1) h = h * 31 + i; else h = h ^ (h >> 7) ^ n;
///     return h;
///   }
/// \endcode
std::string hashFunction(const std::string &Name, unsigned Seed);
using HashFunction = int64_t(int64_t);

/// "f0" and so on.
std::string functionName(unsigned I);

/// Functions of one number that they return plus one, as a front end emits them
/// at -O0: little to compile. \p Count from number \p First on, their names
/// ended by \p Suffix.
std::string smallFunctions(unsigned First, unsigned Count,
                           const std::string &Suffix = "");
using SmallFunction = int64_t(int64_t);

/// \p Name of \p J's main JITDylib.
template <typename Fn>
Fn *lookUp(llvm::orc::LLJIT &J, const std::string &Name) {
  return ExitOnErr(J.lookup(Name)).toPtr<Fn *>();
}

/// A definition of functions at \p Address, named \p Names.
llvm::orc::SymbolMap at(llvm::orc::LLJIT &J, void *Address,
                        const std::vector<std::string> &Names);

} // namespace reopt::bench

#endif // REOPT_BENCH_BENCHJIT_H
