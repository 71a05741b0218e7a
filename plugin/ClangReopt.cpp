//===-- ClangReopt.cpp ----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The plugin that users name. It is linked with nothing of LLVM: any program
// that knows -fplugin= may load it, and one on another release would not
// survive the arrival of our libclang-cpp (see interpreter-patches/HostGate.h).
// It looks at the process and loads the plugin proper, which lies beside it.
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/HostGate.h"
#include <cstdio>

__attribute__((constructor)) static void load() {
  auto Why = interp_patches::hostOnOtherRelease();
  if (!Why)
    Why = interp_patches::loadBeside(reinterpret_cast<void *>(&load),
                                     "ClangReoptPlugin.so");
  if (Why)
    std::fprintf(stderr, "reopt: %s; the session runs as stock\n",
                 Why->c_str());
}
