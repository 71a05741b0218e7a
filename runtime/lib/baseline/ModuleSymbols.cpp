//===-- ModuleSymbols.cpp -------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModuleSymbols.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"
#include "llvm/Support/Endian.h"

using namespace llvm;
using namespace llvm::ELF;

namespace reopt::baseline {

bool splitAddress(const Constant &C, const DataLayout &DL,
                  const GlobalValue *&Base, int64_t &Distance) {
  const Constant *At = &C;
  Distance = 0;
  for (;;) {
    if (auto *GV = dyn_cast<GlobalValue>(At)) {
      Base = GV;
      return true;
    }
    if (auto *Number = dyn_cast<ConstantInt>(At);
        Number && Number->getBitWidth() <= 64) {
      Base = nullptr;
      Distance += Number->getSExtValue();
      return true;
    }
    if (isa<ConstantPointerNull>(At) || isa<UndefValue>(At)) {
      Base = nullptr;
      return true;
    }
    auto *Expr = dyn_cast<ConstantExpr>(At);
    if (!Expr)
      return false;
    switch (Expr->getOpcode()) {
    case Instruction::GetElementPtr: {
      APInt Offset(64, 0);
      if (!cast<GEPOperator>(Expr)->accumulateConstantOffset(DL, Offset))
        return false;
      Distance += Offset.getSExtValue();
      break;
    }
    case Instruction::IntToPtr:
    case Instruction::PtrToInt:
      // No width but that of addresses: others cut off or extend.
      if (DL.getTypeSizeInBits(Expr->getType()) != 64 ||
          DL.getTypeSizeInBits(Expr->getOperand(0)->getType()) != 64)
        return false;
      break;
    default:
      return false;
    }
    At = Expr->getOperand(0);
  }
}

StringRef getSymbolName(const GlobalValue &GV) {
  StringRef Name = GV.getName();
  Name.consume_front("\1");
  return Name;
}

ElfObject::SymbolId ModuleSymbols::get(const GlobalValue &GV) {
  auto [I, Inserted] = Known.try_emplace(&GV, ElfObject::NoSymbol);
  if (Inserted) {
    I->second =
        Object.addSymbol(GV.hasPrivateLinkage() ? "" : getSymbolName(GV));
    if (GV.hasExternalWeakLinkage())
      Object.makeWeak(I->second);
  }
  return I->second;
}

ElfObject::SymbolId ModuleSymbols::getLibrary(StringRef Name) {
  if (const GlobalValue *GV = M.getNamedValue(Name))
    return get(*GV);
  auto [I, Inserted] = Library.try_emplace(Name, ElfObject::NoSymbol);
  if (Inserted)
    I->second = Object.addSymbol(Name);
  return I->second;
}

void ModuleSymbols::define(const GlobalValue &GV, ElfObject::Section &In,
                           uint64_t Offset, uint64_t Size) {
  const uint8_t Binding = GV.hasLocalLinkage()   ? STB_LOCAL
                          : GV.isWeakForLinker() ? STB_WEAK
                                                 : STB_GLOBAL;
  const uint8_t Visibility = GV.hasHiddenVisibility()      ? STV_HIDDEN
                             : GV.hasProtectedVisibility() ? STV_PROTECTED
                                                           : STV_DEFAULT;
  Object.define(get(GV), In, Offset, Size, Binding,
                isa<Function>(GV) ? STT_FUNC : STT_OBJECT, Visibility);
}

ElfObject::Section &ModuleSymbols::getSection(const GlobalVariable &Var) {
  const bool IsZero = Var.getInitializer()->isNullValue() && !Var.isConstant();
  const StringRef Kind = IsZero              ? ".bss"
                         : !Var.isConstant() ? ".data"
                         : Var.getInitializer()->needsDynamicRelocation()
                             ? ".data.rel.ro"
                             : ".rodata";
  const uint64_t Flags = SHF_ALLOC | (Kind == ".rodata" ? 0 : SHF_WRITE);
  const uint32_t Type = IsZero ? SHT_NOBITS : SHT_PROGBITS;
  // What may turn out to be defined elsewhere goes alone.
  if (Var.isWeakForLinker())
    return Object.addSection((Kind + "." + getSymbolName(Var)).str(), Type,
                             Flags);
  ElfObject::Section *&S = Sections[Kind];
  if (!S)
    S = &Object.addSection(Kind, Type, Flags);
  return *S;
}

bool ModuleSymbols::emitVariable(const GlobalVariable &Var) {
  const uint64_t Size = DL.getTypeAllocSize(Var.getValueType());
  const uint64_t Align = DL.getPreferredAlign(&Var).value();
  ElfObject::Section &S = getSection(Var);
  uint64_t At;
  if (S.Type == SHT_NOBITS) {
    S.Align = std::max(S.Align, Align);
    At = alignTo(S.ZeroBytes, Align);
    S.ZeroBytes = At + std::max<uint64_t>(Size, 1);
  } else {
    S.alignTo(Align);
    At = S.Bytes.size();
    // No two variables have one address.
    S.Bytes.resize(At + std::max<uint64_t>(Size, 1));
    if (!emitConstant(*Var.getInitializer(), S, At))
      return false;
  }
  define(Var, S, At, Size);
  return true;
}

/// Writes \p C over zeroes.
bool ModuleSymbols::emitConstant(const Constant &C, ElfObject::Section &To,
                                 uint64_t Offset) {
  if (C.isNullValue() || isa<UndefValue>(C))
    return true;
  char *Bytes = To.Bytes.data() + Offset;
  Type *Ty = C.getType();
  auto WriteBits = [&](const APInt &Bits) {
    for (unsigned I = 0, E = DL.getTypeStoreSize(Ty); I < E; ++I)
      Bytes[I] = char(Bits.extractBitsAsZExtValue(
          std::min(8u, Bits.getBitWidth() - 8 * I), 8 * I));
    return true;
  };
  if (auto *Data = dyn_cast<ConstantDataSequential>(&C)) {
    StringRef Raw = Data->getRawDataValues();
    memcpy(Bytes, Raw.data(), Raw.size());
    return true;
  }
  if (Ty->isVectorTy())
    return false;
  if (auto *Number = dyn_cast<ConstantInt>(&C))
    return WriteBits(Number->getValue());
  if (auto *Number = dyn_cast<ConstantFP>(&C))
    return WriteBits(Number->getValueAPF().bitcastToAPInt());
  if (auto *Struct = dyn_cast<ConstantStruct>(&C)) {
    const StructLayout &Layout = *DL.getStructLayout(Struct->getType());
    for (unsigned I = 0, E = Struct->getNumOperands(); I < E; ++I)
      if (!emitConstant(*Struct->getOperand(I), To,
                        Offset + Layout.getElementOffset(I)))
        return false;
    return true;
  }
  if (auto *Array = dyn_cast<ConstantArray>(&C)) {
    const uint64_t Step =
        DL.getTypeAllocSize(Array->getType()->getElementType());
    for (unsigned I = 0, E = Array->getNumOperands(); I < E; ++I)
      if (!emitConstant(*Array->getOperand(I), To, Offset + I * Step))
        return false;
    return true;
  }
  const GlobalValue *Base;
  int64_t Distance;
  if (DL.getTypeSizeInBits(Ty) != 64 || !splitAddress(C, DL, Base, Distance))
    return false;
  if (Base) {
    if (Base->isThreadLocal())
      return false;
    To.Relocations.push_back({Offset, R_X86_64_64, get(*Base), Distance});
  } else {
    support::endian::write64le(Bytes, Distance);
  }
  return true;
}

} // namespace reopt::baseline
