//===- HostGate.cpp - Load a plugin only where it fits --------------------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/HostGate.h"

#include "LlvmCopies.h"
#include "llvm/Config/llvm-config.h" // macros only
#include <dlfcn.h>
#include <errno.h> // program_invocation_short_name
#include <link.h>
#include <string_view>

using namespace interp_patches;

#define STRING(X) #X
#define RELEASE(Major, Minor) STRING(Major) "." STRING(Minor)
static constexpr std::string_view OurLibrary =
    "libclang-cpp.so." RELEASE(LLVM_VERSION_MAJOR, LLVM_VERSION_MINOR);
#undef RELEASE
#undef STRING

static std::string_view fileName(std::string_view Path) {
  return Path.substr(Path.rfind('/') + 1); // npos + 1 is 0
}

/// Whether \p Name is \p Stem's shared library of some release: as in
/// libclang-cpp.so.14, libLLVM.so.22.1, libLLVM-14.so.1.
static bool isReleaseOf(std::string_view Name, std::string_view Stem) {
  if (Name.substr(0, Stem.size()) != Stem)
    return false;
  Name.remove_prefix(Stem.size());
  size_t End = Name.find_first_not_of("-.0123456789");
  return End != std::string_view::npos && Name.substr(End, 2) == "so";
}

LlvmCopies LlvmCopies::find() {
  struct {
    LlvmCopies Result;
    std::string OtherClang, OtherLlvm;
  } Found;
  dl_iterate_phdr(
      [](dl_phdr_info *Info, size_t, void *Arg) {
        auto &F = *static_cast<decltype(Found) *>(Arg);
        std::string_view Name = fileName(Info->dlpi_name);
        auto Add = [Name](std::string &List) {
          List.append(List.empty() ? "" : ", ").append(Name);
        };
        if (Name == OurLibrary)
          F.Result.HasOurs = true;
        else if (isReleaseOf(Name, "libclang-cpp"))
          Add(F.OtherClang);
        else if (isReleaseOf(Name, "libLLVM") &&
                 Name.find(OurLibrary.substr(OurLibrary.find('.'))) ==
                     std::string_view::npos)
          Add(F.OtherLlvm);
        return 0;
      },
      &Found);
  Found.Result.Others =
      Found.OtherClang.empty() ? Found.OtherLlvm : Found.OtherClang;
  return Found.Result;
}

std::string interp_patches::builtForButHost() {
  return std::string("built for LLVM " LLVM_VERSION_STRING ", but ") +
         program_invocation_short_name + " ";
}

std::optional<std::string> interp_patches::hostOnOtherRelease() {
  LlvmCopies Copies = LlvmCopies::find();
  if (Copies.HasOurs)
    return std::nullopt;
  if (!Copies.Others.empty())
    return builtForButHost() + "runs on " + Copies.Others;
  return builtForButHost() + "does not use " + std::string(OurLibrary);
}

std::optional<std::string> interp_patches::loadBeside(const void *Self,
                                                      const char *FileName) {
  Dl_info Info;
  if (!dladdr(Self, &Info))
    return "cannot tell where the plugin was loaded from";
  std::string_view Own = Info.dli_fname;
  std::string Path(Own.substr(0, Own.size() - fileName(Own).size()));
  Path += FileName;
  // NODELETE: a host that unloads its plugins at exit would otherwise unmap
  // code that it, or a thread of ours, still runs.
  if (dlopen(Path.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE))
    return std::nullopt;
  return dlerror();
}
