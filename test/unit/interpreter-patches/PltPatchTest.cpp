//===- PltPatchTest.cpp ---------------------------------------------------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each case loads a small library that calls patchedFunction() of another, in
// one of the ways in which linkers bind such a call, and redirects it. Each
// caller has a callee of its own, so that the cases do not see each other.
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/PltPatch.h"

#include "gtest/gtest.h"
#include <dlfcn.h>
#include <fstream>
#include <sstream>
#include <string>

using namespace interp_patches;

namespace {

using Function = int (*)(int);

int replacement(int X) { return 1000 + X; }
int otherReplacement(int X) { return 2000 + X; }

void *address(Function F) { return reinterpret_cast<void *>(F); }

/// Loads a library for good, and returns one of its functions.
Function load(const std::string &Library, const char *Name,
              int Visibility = RTLD_LOCAL) {
  std::string Path = PATCH_LIBRARIES "/lib" + Library + ".so";
  void *Handle = dlopen(Path.c_str(), RTLD_LAZY | Visibility);
  EXPECT_TRUE(Handle) << dlerror();
  return Handle ? reinterpret_cast<Function>(dlsym(Handle, Name)) : nullptr;
}

ImportedFunction importedFrom(const std::string &Callee,
                              const char *Name = "patchedFunction") {
  return {Name, address(load(Callee, Name))};
}

/// The number of slots written; fails the test on an error.
unsigned redirect(const ImportedFunction &F, Function Replacement) {
  llvm::Expected<unsigned> Slots = redirectImports(F, address(Replacement));
  if (Slots)
    return *Slots;
  ADD_FAILURE() << llvm::toString(Slots.takeError());
  return 0;
}

/// How many bytes of a library this process may write to.
uintptr_t writableBytesOf(const std::string &Library) {
  std::ifstream Maps("/proc/self/maps");
  uintptr_t Bytes = 0;
  for (std::string Line; std::getline(Maps, Line);) {
    uintptr_t Start, End;
    char Dash;
    std::string Rights;
    std::istringstream(Line) >> std::hex >> Start >> Dash >> End >> Rights;
    if (Line.find("/lib" + Library + ".so") != std::string::npos &&
        Rights.find('w') != std::string::npos)
      Bytes += End - Start;
  }
  return Bytes;
}

class PltPatchBinding : public ::testing::TestWithParam<const char *> {};

TEST_P(PltPatchBinding, IsRedirectedBeforeTheFirstCall) {
  std::string Caller = std::string("caller-") + GetParam();
  std::string Callee = std::string("callee-") + GetParam();
  Function CallIt = load(Caller, "callIt");
  ASSERT_TRUE(CallIt);
  ImportedFunction F = importedFrom(Callee);
  uintptr_t Writable = writableBytesOf(Caller);

  EXPECT_EQ(countImports(F, address(replacement)), 1u);
  EXPECT_EQ(redirect(F, replacement), 1u);
  EXPECT_EQ(CallIt(5), 1005);
  EXPECT_EQ(CallIt(6), 1006) << "the first call has bound the slot anew";
  EXPECT_EQ(writableBytesOf(Caller), Writable) << "protection is not restored";
  EXPECT_EQ(load(Callee, "patchedFunction")(5), 15) << "the function changed";

  // Again: nothing left to do.
  EXPECT_EQ(countImports(F, address(replacement)), 0u);
  EXPECT_EQ(redirect(F, replacement), 0u);
  // A slot that somebody has redirected is not taken from him.
  EXPECT_EQ(redirect(F, otherReplacement), 0u);
  EXPECT_EQ(CallIt(5), 1005);
}

INSTANTIATE_TEST_SUITE_P(PltPatch, PltPatchBinding,
                         ::testing::Values("lazy", "now", "relro", "noplt"),
                         [](const auto &Info) {
                           return std::string(Info.param);
                         });

TEST(PltPatch, RedirectsALazySlotThatIsBoundAlready) {
  Function CallIt = load("caller-bound", "callIt");
  EXPECT_EQ(CallIt(5), 15);
  EXPECT_EQ(redirect(importedFrom("callee-bound"), replacement), 1u);
  EXPECT_EQ(CallIt(5), 1005);
}

TEST(PltPatch, ReachesALibraryLoadedLaterWhenRepeated) {
  ImportedFunction F = importedFrom("callee-late");
  EXPECT_EQ(redirect(F, replacement), 0u);
  Function CallIt = load("caller-late", "callIt");
  EXPECT_EQ(redirect(F, replacement), 1u);
  EXPECT_EQ(CallIt(5), 1005);
}

// Two releases of a library in one process, as with two copies of LLVM: only
// the callers of the given one are redirected. Neither has called it yet, and
// release 1 is what a lookup by name alone would find for both.
TEST(PltPatch, TellsSymbolVersionsApart) {
  ASSERT_TRUE(load("callee-release1", "versionedFunction", RTLD_GLOBAL));
  Function OfRelease1 = load("caller-release1", "callIt");
  Function OfRelease2 = load("caller-release2", "callIt");
  EXPECT_EQ(redirect(importedFrom("callee-release2", "versionedFunction"),
                     replacement),
            1u);
  EXPECT_EQ(OfRelease1(5), 15);
  EXPECT_EQ(OfRelease2(5), 1005);
}

TEST(PltPatch, FindsNothingForAFunctionThatNobodyImports) {
  ImportedFunction F{"noSuchFunction", address(replacement)};
  EXPECT_EQ(redirect(F, otherReplacement), 0u);
}

TEST(PltPatch, LeavesOutTheObjectOfTheReplacement) {
  // This program imports dlerror (above).
  auto *Dlerror = reinterpret_cast<void *>(&dlerror);
  ImportedFunction F{"dlerror", Dlerror};
  EXPECT_GT(countImports(F, /*Self=*/Dlerror),
            countImports(F, /*Self=*/address(replacement)));
}

} // namespace
