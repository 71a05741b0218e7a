//===-- ElfObject.cpp -----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElfObject.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFTypes.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace llvm::ELF;

namespace reopt::baseline {

using Format = object::ELF64LE;

void ElfObject::Section::alignTo(uint64_t Alignment, char Padding) {
  Align = std::max(Align, Alignment);
  Bytes.resize(llvm::alignTo(Bytes.size(), Alignment), Padding);
}

ElfObject::Section &ElfObject::addSection(StringRef Name, uint32_t Type,
                                          uint64_t Flags) {
  Section &S = Sections.emplace_back();
  S.Name = Name.str();
  S.Type = Type;
  S.Flags = Flags;
  return S;
}

ElfObject::SymbolId ElfObject::addSymbol(StringRef Name) {
  Symbol &S = Symbols.emplace_back();
  S.Name = Name.str();
  S.Binding = STB_GLOBAL;
  S.Type = STT_NOTYPE;
  S.Visibility = STV_DEFAULT;
  return Symbols.size() - 1;
}

void ElfObject::define(SymbolId Id, Section &In, uint64_t Offset, uint64_t Size,
                       uint8_t Binding, uint8_t Type, uint8_t Visibility) {
  Symbol &S = Symbols[Id];
  S.In = &In;
  S.Offset = Offset;
  S.Size = Size;
  S.Binding = Binding;
  S.Type = Type;
  S.Visibility = Visibility;
}

bool ElfObject::fits() const {
  // Each may have relocations; and there are four of our own.
  return 2 * Sections.size() + 4 < SHN_LORESERVE;
}

void ElfObject::makeWeak(SymbolId S) { Symbols[S].Binding = STB_WEAK; }

namespace {

/// Strings, each with a zero behind it.
class StringTable {
public:
  unsigned add(StringRef Text) {
    if (Text.empty())
      return 0;
    unsigned At = Bytes.size();
    Bytes.append(Text.begin(), Text.end());
    Bytes.push_back(0);
    return At;
  }
  SmallVector<char, 0> Bytes{0};
};

template <class T> void append(SmallVectorImpl<char> &Out, const T &Record) {
  const char *Begin = reinterpret_cast<const char *>(&Record);
  Out.append(Begin, Begin + sizeof(T));
}

} // namespace

/// The file header, the contents, relocations, symbols, names, and the table
/// of sections at the end.
SmallVector<char, 0> ElfObject::write() {
  SmallVector<char, 0> File;
  size_t Bytes = 4096;
  for (const Section &S : Sections)
    Bytes += S.Bytes.size() + S.Relocations.size() * sizeof(Format::Rela);
  File.reserve(Bytes);
  File.resize(sizeof(Format::Ehdr));
  StringTable SectionNames, SymbolNames;
  std::vector<Format::Shdr> Headers(1);
  memset(&Headers[0], 0, sizeof(Format::Shdr));

  auto AddHeader = [&](StringRef Name, uint32_t Type, uint64_t Flags,
                       uint64_t Align, uint64_t Size) -> Format::Shdr & {
    Format::Shdr &H = Headers.emplace_back();
    memset(&H, 0, sizeof(H));
    H.sh_name = SectionNames.add(Name);
    H.sh_type = Type;
    H.sh_flags = Flags;
    H.sh_addralign = Align;
    H.sh_size = Size;
    H.sh_offset = File.size();
    return H;
  };
  auto AlignFile = [&](uint64_t Align) {
    File.resize(llvm::alignTo(File.size(), Align));
  };

  for (Section &S : Sections) {
    AlignFile(S.Align);
    S.Index = Headers.size();
    AddHeader(S.Name, S.Type, S.Flags, S.Align,
              S.Type == SHT_NOBITS ? S.ZeroBytes : S.Bytes.size());
    File.append(S.Bytes.begin(), S.Bytes.end());
  }

  // Local symbols come first.
  unsigned Count = 1;
  for (bool Local : {true, false})
    for (Symbol &S : Symbols)
      if ((S.Binding == STB_LOCAL) == Local)
        S.Index = Count++;
  unsigned FirstGlobal = 1;
  std::vector<Format::Sym> Table(Count);
  memset(Table.data(), 0, Table.size() * sizeof(Format::Sym));
  for (const Symbol &S : Symbols) {
    FirstGlobal += S.Binding == STB_LOCAL;
    Format::Sym &Entry = Table[S.Index];
    Entry.st_name = SymbolNames.add(S.Name);
    Entry.setBindingAndType(S.Binding, S.Type);
    Entry.st_other = S.Visibility;
    Entry.st_shndx = S.In ? S.In->Index : SHN_UNDEF;
    Entry.st_value = S.Offset;
    Entry.st_size = S.Size;
  }

  const unsigned WithRelocations = count_if(
      Sections, [](const Section &S) { return !S.Relocations.empty(); });
  const unsigned SymbolTable = Headers.size() + WithRelocations;
  for (const Section &S : Sections) {
    if (S.Relocations.empty())
      continue;
    AlignFile(8);
    Format::Shdr &H = AddHeader(".rela" + S.Name, SHT_RELA, SHF_INFO_LINK, 8,
                                S.Relocations.size() * sizeof(Format::Rela));
    H.sh_entsize = sizeof(Format::Rela);
    H.sh_link = SymbolTable;
    H.sh_info = S.Index;
    for (const Relocation &R : S.Relocations) {
      Format::Rela Entry;
      Entry.r_offset = R.Offset;
      Entry.setSymbolAndType(Symbols[R.Symbol].Index, R.Type, false);
      Entry.r_addend = R.Addend;
      append(File, Entry);
    }
  }

  AlignFile(8);
  Format::Shdr &Syms = AddHeader(".symtab", SHT_SYMTAB, 0, 8,
                                 Table.size() * sizeof(Format::Sym));
  Syms.sh_entsize = sizeof(Format::Sym);
  Syms.sh_link = SymbolTable + 1;
  Syms.sh_info = FirstGlobal;
  for (const Format::Sym &Entry : Table)
    append(File, Entry);
  AddHeader(".strtab", SHT_STRTAB, 0, 1, SymbolNames.Bytes.size());
  File.append(SymbolNames.Bytes.begin(), SymbolNames.Bytes.end());
  Format::Shdr &Names = AddHeader(".shstrtab", SHT_STRTAB, 0, 1, 0);
  Names.sh_size = SectionNames.Bytes.size();
  File.append(SectionNames.Bytes.begin(), SectionNames.Bytes.end());

  AlignFile(8);
  const uint64_t HeadersAt = File.size();
  for (const Format::Shdr &H : Headers)
    append(File, H);

  Format::Ehdr Head;
  memset(&Head, 0, sizeof(Head));
  memcpy(Head.e_ident, ElfMagic, 4);
  Head.e_ident[EI_CLASS] = ELFCLASS64;
  Head.e_ident[EI_DATA] = ELFDATA2LSB;
  Head.e_ident[EI_VERSION] = EV_CURRENT;
  Head.e_type = ET_REL;
  Head.e_machine = EM_X86_64;
  Head.e_version = EV_CURRENT;
  Head.e_shoff = HeadersAt;
  Head.e_ehsize = sizeof(Format::Ehdr);
  Head.e_shentsize = sizeof(Format::Shdr);
  Head.e_shnum = Headers.size();
  Head.e_shstrndx = Headers.size() - 1;
  memcpy(File.data(), &Head, sizeof(Head));
  return File;
}

} // namespace reopt::baseline
