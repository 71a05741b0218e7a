//===- LoadedObject.cpp - A program or shared library in memory -----------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoadedObject.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace interp_patches;

// The only place that depends on the processor.
#if defined(__x86_64__)
static constexpr unsigned JumpSlot = R_X86_64_JUMP_SLOT;
static constexpr unsigned GlobDat = R_X86_64_GLOB_DAT;
#elif defined(__aarch64__)
static constexpr unsigned JumpSlot = R_AARCH64_JUMP_SLOT;
static constexpr unsigned GlobDat = R_AARCH64_GLOB_DAT;
#else
#error "import slots are known for x86-64 and AArch64 only"
#endif

void LoadedObject::Unpin::operator()(void *H) const { dlclose(H); }

// Two steps: note what is there, then look at it. dl_iterate_phdr holds a lock
// of the dynamic linker which dlopen takes second; calling dlopen from inside
// it would deadlock with a thread that is just loading something.
std::vector<LoadedObject> LoadedObject::all() {
  struct Found {
    std::string Path;
    ElfW(Addr) Base;
    llvm::ArrayRef<ElfW(Phdr)> Headers;
  };
  std::vector<Found> Candidates;
  dl_iterate_phdr(
      [](dl_phdr_info *Info, size_t, void *Arg) {
        static_cast<std::vector<Found> *>(Arg)->push_back(
            {Info->dlpi_name,
             Info->dlpi_addr,
             {Info->dlpi_phdr, size_t(Info->dlpi_phnum)}});
        return 0;
      },
      &Candidates);

  std::vector<LoadedObject> Objects;
  for (Found &F : Candidates) {
    // Fails for what is no file (the vDSO) and for what was unloaded meanwhile.
    Pin Handle(dlopen(F.Path.empty() ? nullptr : F.Path.c_str(),
                      RTLD_LAZY | RTLD_NOLOAD));
    link_map *Map = nullptr;
    if (!Handle || dlinfo(Handle.get(), RTLD_DI_LINKMAP, &Map) != 0 ||
        Map->l_addr != F.Base)
      continue;
    Objects.push_back(
        LoadedObject(std::move(F.Path), F.Base, F.Headers, std::move(Handle)));
  }
  return Objects;
}

LoadedObject::LoadedObject(std::string Path, ElfW(Addr) Base,
                           llvm::ArrayRef<ElfW(Phdr)> Headers, Pin Handle)
    : Path(std::move(Path)), Base(Base), Headers(Headers),
      Handle(std::move(Handle)) {
  for (const ElfW(Phdr) &H : Headers)
    if (H.p_type == PT_DYNAMIC)
      readDynamicSection(reinterpret_cast<const ElfW(Dyn) *>(Base + H.p_vaddr));
}

void LoadedObject::readDynamicSection(const ElfW(Dyn) * Entry) {
  // glibc relocates these addresses in place, other dynamic linkers do not.
  auto Address = [this](const ElfW(Dyn) * E) {
    return E->d_un.d_ptr < Base ? Base + E->d_un.d_ptr : E->d_un.d_ptr;
  };
  const ElfW(Rela) *Plt = nullptr, *Data = nullptr;
  size_t PltBytes = 0, DataBytes = 0, RelativeCount = 0;
  for (; Entry->d_tag != DT_NULL; ++Entry) {
    switch (Entry->d_tag) {
    case DT_SYMTAB:
      Symbols = reinterpret_cast<const ElfW(Sym) *>(Address(Entry));
      break;
    case DT_STRTAB:
      Strings = reinterpret_cast<const char *>(Address(Entry));
      break;
    case DT_JMPREL:
      Plt = reinterpret_cast<const ElfW(Rela) *>(Address(Entry));
      break;
    case DT_PLTRELSZ:
      PltBytes = Entry->d_un.d_val;
      break;
    case DT_RELA:
      Data = reinterpret_cast<const ElfW(Rela) *>(Address(Entry));
      break;
    case DT_RELASZ:
      DataBytes = Entry->d_un.d_val;
      break;
    case DT_RELACOUNT:
      RelativeCount = Entry->d_un.d_val;
      break;
    case DT_VERSYM:
      SymbolVersions = reinterpret_cast<const ElfW(Half) *>(Address(Entry));
      break;
    case DT_VERNEED:
      NeededVersions = reinterpret_cast<const ElfW(Verneed) *>(Address(Entry));
      break;
    default:
      break;
    }
  }
  if (Plt)
    PltRelocations = {Plt, PltBytes / sizeof(ElfW(Rela))};
  // Relative relocations name no symbol and come first: most of a big library.
  if (Data)
    DataRelocations =
        llvm::ArrayRef<ElfW(Rela)>(Data, DataBytes / sizeof(ElfW(Rela)))
            .drop_front(RelativeCount);
}

bool LoadedObject::contains(const void *Address) const {
  auto A = reinterpret_cast<ElfW(Addr)>(Address);
  for (const ElfW(Phdr) &H : Headers)
    if (H.p_type == PT_LOAD && A - (Base + H.p_vaddr) < H.p_memsz)
      return true;
  return false;
}

void LoadedObject::forEachImport(
    const char *MangledName,
    llvm::function_ref<void(const Import &)> Do) const {
  if (!Symbols || !Strings)
    return;
  auto Visit = [&](llvm::ArrayRef<ElfW(Rela)> Relocations, unsigned Type) {
    for (const ElfW(Rela) &R : Relocations) {
      if (ELF64_R_TYPE(R.r_info) != Type)
        continue;
      size_t Index = ELF64_R_SYM(R.r_info);
      const ElfW(Sym) &Symbol = Symbols[Index];
      if (strcmp(Strings + Symbol.st_name, MangledName) == 0)
        Do({reinterpret_cast<void **>(Base + R.r_offset),
            Symbol.st_shndx == SHN_UNDEF, versionOf(Index)});
    }
  };
  Visit(PltRelocations, JumpSlot);
  Visit(DataRelocations, GlobDat);
}

const char *LoadedObject::versionOf(size_t SymbolIndex) const {
  if (!SymbolVersions || !NeededVersions)
    return nullptr;
  constexpr ElfW(Half) Hidden = 0x8000;
  ElfW(Half) Version = SymbolVersions[SymbolIndex] & ~Hidden;
  auto Skip = [](const auto *P, size_t Bytes) {
    return reinterpret_cast<const char *>(P) + Bytes;
  };
  for (const ElfW(Verneed) *File = NeededVersions;;) {
    auto *Needed =
        reinterpret_cast<const ElfW(Vernaux) *>(Skip(File, File->vn_aux));
    for (unsigned I = 0; I != File->vn_cnt; ++I) {
      if (Needed->vna_other == Version)
        return Strings + Needed->vna_name;
      Needed = reinterpret_cast<const ElfW(Vernaux) *>(
          Skip(Needed, Needed->vna_next));
    }
    if (File->vn_next == 0)
      return nullptr;
    File = reinterpret_cast<const ElfW(Verneed) *>(Skip(File, File->vn_next));
  }
}

// The dynamic linker's order: the program and what it was started with (and
// what was loaded RTLD_GLOBAL since), then the object's own dependencies.
void *LoadedObject::wouldBindTo(const char *MangledName,
                                const Import &I) const {
  auto Lookup = [&](void *Scope) {
    return I.Version ? dlvsym(Scope, MangledName, I.Version)
                     : dlsym(Scope, MangledName);
  };
  Pin Program(dlopen(nullptr, RTLD_LAZY | RTLD_NOLOAD));
  void *Definition = Program ? Lookup(Program.get()) : nullptr;
  return Definition ? Definition : Lookup(Handle.get());
}

static ElfW(Addr) pageStart(ElfW(Addr) Address) {
  return Address & ~(ElfW(Addr)(sysconf(_SC_PAGESIZE)) - 1);
}

/// Whether the dynamic linker has left the page without write access: because
/// its segment has none, or because it is "read-only after relocation".
bool LoadedObject::isReadOnly(const void *Address) const {
  auto A = reinterpret_cast<ElfW(Addr)>(Address);
  for (const ElfW(Phdr) &H : Headers) {
    ElfW(Addr) Start = Base + H.p_vaddr, End = Start + H.p_memsz;
    if (H.p_type == PT_GNU_RELRO && A >= pageStart(Start) && A < pageStart(End))
      return true;
    if (H.p_type == PT_LOAD && A >= Start && A < End && !(H.p_flags & PF_W))
      return true;
  }
  return false;
}

static llvm::Error setProtection(void *Slot, int Protection) {
  auto Page = pageStart(reinterpret_cast<ElfW(Addr)>(Slot));
  if (mprotect(reinterpret_cast<void *>(Page), sysconf(_SC_PAGESIZE),
               Protection) == 0)
    return llvm::Error::success();
  return llvm::createStringError(
      std::error_code(errno, std::generic_category()),
      "cannot change the protection of an import slot's page: %s",
      strerror(errno));
}

llvm::Error LoadedObject::write(void **Slot, void *Value) const {
  bool ReadOnly = isReadOnly(Slot);
  if (ReadOnly)
    if (llvm::Error E = setProtection(Slot, PROT_READ | PROT_WRITE))
      return E;
  __atomic_store_n(Slot, Value, __ATOMIC_RELEASE);
  return ReadOnly ? setProtection(Slot, PROT_READ) : llvm::Error::success();
}

void LoadedObject::keepForever() const {
  // The program itself (no path) never goes. The handle is leaked on purpose.
  if (!Path.empty())
    dlopen(Path.c_str(), RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}
