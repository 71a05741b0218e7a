//===- TortureCode.h - Versions that are cheap to make ----------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A version of a function is a copy of a template: an image that was linked
// once, with everything that it refers to behind a table of its own, so that
// the whole of it works wherever it is put. What differs between versions, the
// address of the active count and the like, are constants that are overwritten
// in the copy. Copies get unwind information of their own.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_TORTURECODE_H
#define REOPT_TEST_TORTURECODE_H

#include "TestExecutor.h"

#include "llvm/ExecutionEngine/Orc/LinkGraphLinkingLayer.h"

#include <sys/mman.h>
#include <vector>

namespace reopt::torture {

/// Constants that stand in a template for what a copy has. So far apart that
/// the compiler makes none of another.
enum Constant : uint64_t {
  EntriesWord = 0x5ec7a110c0de0100,
  ExitsWord = EntriesWord + 8,
  OwnStub = 0x3a9d53c1b2e60200,
  OwnIndex = 0x1b58e09f47d10300,
  OwnAddend = 0x2c61f4a8935e0400,
};

/// An image of a linked object, and where in it things are.
struct Template {
  std::vector<char> Image; ///< Whole pages.
  size_t Code = 0, EHFrame = 0;
  size_t EntryPoint = 0;
  /// Where each constant stands.
  std::vector<std::pair<Constant, size_t>> Places;
};

/// Links templates.
class TemplateLinker : TestExecutor {
public:
  TemplateLinker();
  ~TemplateLinker() { stop(); }

  /// Links \p IR, in which @f is counted, and makes sure that it can be moved.
  Template link(const std::string &IR);

private:
  class Capture;
  std::shared_ptr<Capture> Images;
  unsigned Links = 0;
};

/// Addresses that are used once. Freed code is inaccessible for ever.
class CodeArena {
public:
  explicit CodeArena(size_t Bytes);
  ~CodeArena() { munmap(Base, Bytes); }

  /// A copy of \p T with \p Values, in the order of Constant, and with its
  /// unwind information registered.
  char *place(const Template &T, llvm::ArrayRef<uint64_t> Values);
  /// Takes the copy's unwind information and every access away.
  void seal(char *Copy, const Template &T);

private:
  const size_t Bytes;
  char *Base, *Next;
};

} // namespace reopt::torture

#endif // REOPT_TEST_TORTURECODE_H
