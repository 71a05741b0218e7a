//===- InterpreterHooksTest.cpp -------------------------------------------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The hooks and the host check, in libraries that stand for a host. What a user
// sees of them is tested in the real clang-repl.
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/InterpreterHooks.h"

#include "interpreter-patches/HostCheck.h"
#include "llvm/Config/llvm-config.h"
#include "gtest/gtest.h"
#include <cstdio>
#include <dlfcn.h>
#include <string>
#include <unistd.h>
#include <vector>

using namespace interp_patches;

namespace {

using Lines = std::vector<std::string>;

/// Everything that happened, in order. A global because the host calls back
/// through a plain pointer.
Lines Log;

void *load(const char *Library, const char *Name) {
  std::string Path = std::string(PATCH_LIBRARIES "/lib") + Library + ".so";
  void *Handle = dlopen(Path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  EXPECT_TRUE(Handle) << dlerror();
  return Handle ? dlsym(Handle, Name) : nullptr;
}

/// Lets the host read \p Input from a pipe to its end.
void feed(const std::string &Input) {
  auto *ReadAllLines =
      reinterpret_cast<int (*)(FILE *, FILE *, void (*)(const std::string &))>(
          load("line-host", "readAllLines"));
  ASSERT_TRUE(ReadAllLines);
  int Ends[2];
  ASSERT_EQ(pipe(Ends), 0);
  ASSERT_EQ(write(Ends[1], Input.data(), Input.size()), ssize_t(Input.size()));
  close(Ends[1]);
  FILE *In = fdopen(Ends[0], "r"), *Out = fopen("/dev/null", "w");
  ReadAllLines(In, Out,
               [](const std::string &Line) { Log.push_back("host " + Line); });
  fclose(In);
  fclose(Out);
}

bool consumesCommands(llvm::StringRef Line) {
  Log.push_back("hook " + Line.str());
  return Line.starts_with("%mine");
}

// One test, because hooks are installed once for the whole process.
TEST(InterpreterHooks, AreInstalledOnceAndSeeTheLinesOfTheHost) {
  // No host yet.
  std::optional<std::string> Unsupported = unsupportedHost();
  ASSERT_TRUE(Unsupported);
  EXPECT_NE(Unsupported->find(LLVM_VERSION_STRING), std::string::npos)
      << *Unsupported;
  EXPECT_EQ(Unsupported->find('\n'), std::string::npos);
  EXPECT_TRUE(llvm::errorToBool(rescan().takeError())) << "nothing installed";

  // The host's library is loaded: now it is one.
  ASSERT_TRUE(load("interpreter-host", "neverCalled"));
  EXPECT_EQ(unsupportedHost(), std::nullopt);

  InterpreterHooks Hooks;
  Hooks.BeforeReadLine = [] { Log.push_back("<"); };
  Hooks.AfterReadLine = [] { Log.push_back(">"); };
  Hooks.OnLine = consumesCommands;
  llvm::Expected<Installed> First = install(std::move(Hooks));
  ASSERT_TRUE(!!First) << llvm::toString(First.takeError());
  EXPECT_EQ(First->CreateSlots, 1u);
  EXPECT_EQ(First->ReadLineSlots, 0u);

  EXPECT_TRUE(llvm::errorToBool(install({}).takeError())) << "a second time";

  // The part of the host that reads lines is loaded later still.
  ASSERT_TRUE(load("line-host", "readAllLines"));
  llvm::Expected<Installed> Later = rescan();
  ASSERT_TRUE(!!Later) << llvm::toString(Later.takeError());
  EXPECT_EQ(Later->CreateSlots, 0u);
  EXPECT_EQ(Later->ReadLineSlots, 1u);

  feed("int a;\n"
       "%mine 1\n"
       "%mine \\\n"
       "%mine 2\n"
       "%mine 3\n"
       "end");
  EXPECT_EQ(Log, (Lines{"<", ">", "hook int a;",   "host int a;", // passed on
                        "<", ">", "hook %mine 1",                 // consumed
                        "<", ">", "host %mine \\",                // continued
                        "<", ">", "host %mine 2",                 // continues
                        "<", ">", "hook %mine 3",                 //
                        "<", ">", "hook end",      "host end",    //
                        "<", ">"})); // end of input
}

} // namespace
