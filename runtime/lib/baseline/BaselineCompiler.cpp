//===-- BaselineCompiler.cpp ----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BaselineCompiler.h"
#include "FunctionCompiler.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"

using namespace llvm;
using namespace llvm::ELF;

namespace reopt::baseline {

/// Why no code for \p M can be generated here, whatever its functions are.
static StringRef findUnsupported(const Module &M, const Triple &Target) {
  if (!Target.isX86_64() || !Target.isOSBinFormatELF() || Target.isX32())
    return "a target";
  if (!M.getModuleInlineAsm().empty())
    return "assembly";
  if (!M.alias_empty() || !M.ifunc_empty())
    return "an alias";
  if (!M.debug_compile_units().empty())
    return "debug information";
  if (auto Model = M.getCodeModel(); Model && *Model != CodeModel::Small)
    return "a code model";
  SmallVector<Module::ModuleFlagEntry, 8> Flags;
  M.getModuleFlagsMetadata(Flags);
  constexpr StringRef Known[] = {"wchar_size",
                                 "PIC Level",
                                 "PIE Level",
                                 "uwtable",
                                 "frame-pointer",
                                 "Debug Info Version",
                                 "Dwarf Version",
                                 "MaxTLSAlign",
                                 "Code Model",
                                 "RtLibUseGOT",
                                 "ThinLTO",
                                 "EnableSplitLTOUnit",
                                 "Virtual Function Elim"};
  for (const auto &Flag : Flags)
    if (!is_contained(Known, Flag.Key->getString()))
      return "a module flag";
  return {};
}

static StringRef findUnsupported(const GlobalVariable &Var) {
  if (Var.isThreadLocal())
    return "a thread-local variable";
  if (Var.hasAppendingLinkage() || Var.hasCommonLinkage() || Var.hasSection() ||
      Var.hasImplicitSection() || Var.hasPartition() ||
      Var.hasMetadata(LLVMContext::MD_associated) || Var.getAddressSpace())
    return "a property of a variable";
  return {};
}

namespace {

class ModuleCompiler {
public:
  explicit ModuleCompiler(const Module &M) : M(M), Symbols(M, Object) {}

  StringRef compile();
  SmallVector<char, 0> write() { return Object.write(); }

private:
  StringRef compile(const Function &F);
  ElfObject::Section &getSection(const Function &F);

  const Module &M;
  ElfObject Object;
  ModuleSymbols Symbols;
  UnwindTables Tables{Object};
  StringMap<ElfObject::Section *> Sections;
};

} // namespace

ElfObject::Section &ModuleCompiler::getSection(const Function &F) {
  constexpr uint64_t Flags = SHF_ALLOC | SHF_EXECINSTR;
  // What may turn out to be defined elsewhere goes alone.
  if (F.isWeakForLinker())
    return Object.addSection((".text." + getSymbolName(F)).str(), SHT_PROGBITS,
                             Flags);
  const StringRef Name = F.hasSection() ? F.getSection() : ".text";
  ElfObject::Section *&In = Sections[Name];
  if (!In)
    In = &Object.addSection(Name, SHT_PROGBITS, Flags);
  return *In;
}

StringRef ModuleCompiler::compile(const Function &F) {
  constexpr uint64_t FunctionAlign = 16;
  constexpr char Nop = char(0x90);
  ElfObject::Section &In = getSection(F);
  In.alignTo(FunctionAlign, Nop);
  const uint64_t Begin = In.Bytes.size();
  X86Assembler A(In);
  FunctionUnwind Unwind;
  if (StringRef Why = FunctionCompiler(F, Symbols, A).compile(Unwind);
      !Why.empty())
    return Why;
  Symbols.define(F, In, Begin, Unwind.Size);
  Unwind.Function = Object.addSymbol("");
  Object.define(Unwind.Function, In, Begin, Unwind.Size, STB_LOCAL, STT_FUNC);
  Tables.add(Unwind);
  return {};
}

StringRef ModuleCompiler::compile() {
  for (const GlobalVariable &Var : M.globals()) {
    if (Var.isDeclarationForLinker() || Var.getName() == "llvm.used" ||
        Var.getName() == "llvm.compiler.used" ||
        Var.getSection() == "llvm.metadata")
      continue;
    if (StringRef Why = findUnsupported(Var); !Why.empty())
      return Why;
    if (!Symbols.emitVariable(Var))
      return "an initializer";
  }
  for (const Function &F : M)
    if (!F.isDeclarationForLinker())
      if (StringRef Why = compile(F); !Why.empty())
        return Why;
  if (!Object.fits())
    return "the number of sections";
  return {};
}

std::unique_ptr<MemoryBuffer> compile(const Module &M, const Triple &Target,
                                      StringRef &Why) {
  Why = findUnsupported(M, Target);
  if (!Why.empty())
    return nullptr;
  ModuleCompiler Compiler(M);
  Why = Compiler.compile();
  if (!Why.empty())
    return nullptr;
  return std::make_unique<SmallVectorMemoryBuffer>(
      Compiler.write(), M.getModuleIdentifier() + ".o",
      /*RequiresNullTerminator=*/false);
}

} // namespace reopt::baseline
