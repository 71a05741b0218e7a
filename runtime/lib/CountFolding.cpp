//===-- CountFolding.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CountFolding.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstrBuilder.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"
#include <array>

using namespace llvm;

namespace reopt {

namespace {

// The target's instructions have no public header: only their names are known.
enum Opcode { Load, Sub, Store, Compare, Jump, Dec, OpcodeCount };
constexpr std::array<StringLiteral, OpcodeCount> Names = {
    "MOV32rm", "SUB32ri", "MOV32mr", "CMP32ri", "JCC_1", "DEC32m"};
// As a jump encodes them.
enum Condition {
  Negative = 8,
  NotNegative = 9,
  Less = 12,
  GreaterOrEqual = 13
};

class CountFolding : public MachineFunctionPass {
public:
  static char ID;
  CountFolding() : MachineFunctionPass(ID) {}

  StringRef getPassName() const override { return "counts in memory"; }

  bool runOnMachineFunction(MachineFunction &MF) override {
    if (!MF.getTarget().getTargetTriple().isX86_64())
      return false;
    const auto &Info = *MF.getSubtarget().getInstrInfo();
    if (!Opcodes[Load])
      findOpcodes(Info);
    bool Changed = false;
    for (MachineBasicBlock &Block : MF)
      if (auto Branch = Block.getFirstTerminator(); Branch != Block.end())
        Changed |= fold(*Branch, Info, MF.getRegInfo());
    return Changed;
  }

private:
  void findOpcodes(const TargetInstrInfo &Info) {
    for (unsigned I = 0; I != Info.getNumOpcodes(); ++I)
      if (const auto *Name = find(Names, Info.getName(I)); Name != Names.end())
        Opcodes[Name - Names.begin()] = I;
  }

  bool is(const MachineInstr *I, Opcode What) const {
    return I && I->getOpcode() == Opcodes[What];
  }

  /// What makes the address, if \p I accesses memory at a number and nothing
  /// else, in the operands from \p First on.
  static MachineInstr *getAddress(const MachineInstr &I, unsigned First,
                                  const MachineRegisterInfo &Registers) {
    // Base, scale, index, displacement, segment.
    const MachineOperand &Base = I.getOperand(First);
    const MachineOperand &Displacement = I.getOperand(First + 3);
    if (!Base.isReg() || !Base.getReg().isVirtual() ||
        I.getOperand(First + 2).getReg() || !Displacement.isImm() ||
        Displacement.getImm() || I.getOperand(First + 4).getReg())
      return nullptr;
    MachineInstr *Address = Registers.getVRegDef(Base.getReg());
    return Address && Address->isMoveImmediate() &&
                   Address->getOperand(1).isImm()
               ? Address
               : nullptr;
  }

  /// Folds what \p Branch belongs to, if that is a count.
  bool fold(MachineInstr &Branch, const TargetInstrInfo &Info,
            const MachineRegisterInfo &Registers) {
    const MachineInstr *Next = Branch.getNextNode();
    if (!is(&Branch, Jump) || (Next && !Next->isUnconditionalBranch()))
      return false;
    const int64_t When = Branch.getOperand(1).getImm();
    MachineInstr *Compared = Branch.getPrevNode();
    if ((When != Less && When != GreaterOrEqual) || !is(Compared, Compare) ||
        !Compared->getOperand(1).isImm() || Compared->getOperand(1).getImm())
      return false;
    const Register Left = Compared->getOperand(0).getReg();
    MachineInstr *Stored = Compared->getPrevNode();
    MachineInstr *Counted = Registers.getVRegDef(Left);
    if (!is(Stored, Store) || Stored->getOperand(5).getReg() != Left ||
        !is(Counted, Sub) || Counted->getOperand(2).getImm() != 1 ||
        !hasNItems(Registers.use_operands(Left), 2))
      return false;
    MachineInstr *Loaded = Counted->getPrevNode();
    if (!is(Loaded, Load) ||
        Loaded->getOperand(0).getReg() != Counted->getOperand(1).getReg() ||
        !Registers.hasOneUse(Loaded->getOperand(0).getReg()))
      return false;
    MachineInstr *From = getAddress(*Loaded, 1, Registers);
    MachineInstr *To = getAddress(*Stored, 0, Registers);
    if (!From || !To ||
        From->getOperand(1).getImm() != To->getOperand(1).getImm())
      return false;
    // What lies between: the number again, and nothing else.
    const MachineInstr *Between = Counted->getNextNode();
    if (Between != Stored && (Between != To || To->getNextNode() != Stored))
      return false;

    BuildMI(*Branch.getParent(), Branch, Counted->getDebugLoc(),
            Info.get(Opcodes[Dec]))
        .addReg(From->getOperand(0).getReg())
        .addImm(1)
        .addReg(Register())
        .addImm(0)
        .addReg(Register())
        .cloneMergedMemRefs({Loaded, Stored});
    Branch.getOperand(1).setImm(When == Less ? Negative : NotNegative);
    for (MachineInstr *Gone : {Compared, Stored, Counted, Loaded})
      Gone->eraseFromParent();
    if (Registers.use_empty(To->getOperand(0).getReg()))
      To->eraseFromParent();
    return true;
  }

  std::array<unsigned, OpcodeCount> Opcodes = {};
};

char CountFolding::ID = 0;

} // namespace

FunctionPass *createCountFoldingPass() { return new CountFolding; }

} // namespace reopt
