//===- LazyEntries.cpp - Entry points that ask where to go ----------------===//

#include "reopt/LazyEntries.h"

#include "ExecutorDispatch.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include "llvm/Support/Endian.h"

#include <cstring>
#include <utility>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// So many released entries wait before the first of them is used again.
constexpr size_t ReleasedEntriesKept = 512;

//===----------------------------------------------------------------------===//
// The re-entry block: what ORC's resolver code calls, in the executor
//===----------------------------------------------------------------------===//
//
//   void *reenter(void *Unused, void *Trampoline) {
//     int *E = ErrnoLocation ? ErrnoLocation() : nullptr;
//     int SavedErrno = E ? *E : 0;
//     CWrapperFunctionBuffer R = DispatchFn(DispatchCtx, Tag, &Trampoline, 8);
//     void *Landing = R.Size == 8 ? R.Data.Value : ErrorHandler;
//     if (E) *E = SavedErrno;
//     return Landing;
//   }
//
// followed by a trap, for who has no error handler, and by its five constants.
// An eight-byte result is returned inline, in the buffer's first word; an
// out-of-band error has size 0.

constexpr unsigned TrapOffset = 0x5c;
constexpr unsigned ConstantsOffset = 0x60;
constexpr unsigned NumConstants = 5;
constexpr unsigned BlockSize = ConstantsOffset + 8 * NumConstants;

// clang-format off
constexpr uint8_t ReentryX86_64[ConstantsOffset] = {
    0x53,                                     // pushq %rbx
    0x55,                                     // pushq %rbp
    0x48, 0x83, 0xec, 0x18,                   // subq  $24, %rsp
    0x48, 0x89, 0x34, 0x24,                   // movq  %rsi, (%rsp)
    0x48, 0x8b, 0x05, 0x6f, 0x00, 0x00, 0x00, // movq  ErrnoLocation, %rax
    0x48, 0x85, 0xc0,                         // testq %rax, %rax
    0x74, 0x02,                               // je    1f
    0xff, 0xd0,                               // callq *%rax
    0x48, 0x89, 0xc3,                         // 1: movq %rax, %rbx
    0x48, 0x85, 0xdb,                         // testq %rbx, %rbx
    0x74, 0x02,                               // je    2f
    0x8b, 0x2b,                               // movl  (%rbx), %ebp
    0x48, 0x8b, 0x3d, 0x37, 0x00, 0x00, 0x00, // 2: movq DispatchCtx, %rdi
    0x48, 0x8b, 0x35, 0x38, 0x00, 0x00, 0x00, // movq  Tag, %rsi
    0x48, 0x89, 0xe2,                         // movq  %rsp, %rdx
    0xb9, 0x08, 0x00, 0x00, 0x00,             // movl  $8, %ecx
    0xff, 0x15, 0x32, 0x00, 0x00, 0x00,       // callq *DispatchFn
    0x48, 0x83, 0xfa, 0x08,                   // cmpq  $8, %rdx
    0x74, 0x07,                               // je    3f
    0x48, 0x8b, 0x05, 0x2d, 0x00, 0x00, 0x00, // movq  ErrorHandler, %rax
    0x48, 0x85, 0xdb,                         // 3: testq %rbx, %rbx
    0x74, 0x02,                               // je    4f
    0x89, 0x2b,                               // movl  %ebp, (%rbx)
    0x48, 0x83, 0xc4, 0x18,                   // 4: addq $24, %rsp
    0x5d,                                     // popq  %rbp
    0x5b,                                     // popq  %rbx
    0xc3,                                     // retq
    0xcc, 0xcc, 0xcc,                         // int3, three times
    0x0f, 0x0b, 0x0f, 0x0b,                   // Trap: ud2; ud2
};

constexpr uint32_t ReentryAArch64[ConstantsOffset / 4] = {
    0xa9bd7bfd, // stp  x29, x30, [sp, #-48]!
    0x910003fd, // mov  x29, sp
    0xa90153f3, // stp  x19, x20, [sp, #16]
    0xf90013e1, // str  x1, [sp, #32]
    0x58000393, // ldr  x19, ErrnoLocation
    0xb4000093, // cbz  x19, 1f
    0xd63f0260, // blr  x19
    0xaa0003f3, // mov  x19, x0
    0xb9400274, // ldr  w20, [x19]
    0x580001e0, // 1: ldr x0, DispatchCtx
    0x58000201, // ldr  x1, Tag
    0x910083e2, // add  x2, sp, #32
    0xd2800103, // mov  x3, #8
    0x580001f0, // ldr  x16, DispatchFn
    0xd63f0200, // blr  x16
    0xf100203f, // cmp  x1, #8
    0x54000040, // b.eq 2f
    0x580001a0, // ldr  x0, ErrorHandler
    0xb4000053, // 2: cbz x19, 3f
    0xb9000274, // str  w20, [x19]
    0xa94153f3, // 3: ldp x19, x20, [sp, #16]
    0xa8c37bfd, // ldp  x29, x30, [sp], #48
    0xd65f03c0, // ret
    0x00000000, // Trap: udf #0
};
// clang-format on

Error makeError(const Twine &Msg) {
  return createStringError(inconvertibleErrorCode(), Msg);
}

/// Writes the code for \p TT to \p Mem (ConstantsOffset bytes).
Error writeReentryCode(const Triple &TT, char *Mem) {
  if (TT.getArch() == Triple::x86_64 && !TT.isOSWindows() && !TT.isX32()) {
    memcpy(Mem, ReentryX86_64, sizeof(ReentryX86_64));
    return Error::success();
  }
  if (TT.getArch() == Triple::aarch64 && !TT.isOSWindows()) {
    for (unsigned I = 0; I != ConstantsOffset / 4; ++I)
      support::endian::write32le(Mem + 4 * I, ReentryAArch64[I]);
    return Error::success();
  }
  return makeError("no lazy entries for target " + TT.str() +
                   " (x86_64 and aarch64, not Windows, have them)");
}

/// Answers a call exactly once, with the error handler if nobody else does.
class Answer {
public:
  Answer(unique_function<void(uint64_t)> Send, ExecutorAddr ErrorHandler)
      : Send(std::move(Send)), ErrorHandler(ErrorHandler) {}
  Answer(Answer &&) = default;
  ~Answer() { (*this)(ErrorHandler); }

  void operator()(ExecutorAddr Landing) {
    if (auto Once = std::exchange(Send, nullptr))
      Once((Landing ? Landing : ErrorHandler).getValue());
  }

private:
  unique_function<void(uint64_t)> Send;
  ExecutorAddr ErrorHandler;
};

} // namespace

//===----------------------------------------------------------------------===//
// LazyEntries
//===----------------------------------------------------------------------===//

/// What the session's dispatch handler needs: it may outlive the object.
struct LazyEntries::Shared {
  Shared(ExecutorAddr ErrorHandler, ResolveFn Resolve)
      : ErrorHandler(ErrorHandler), Resolve(std::move(Resolve)) {}
  ExecutorAddr ErrorHandler; ///< Constant once there is a handler.
  const ResolveFn Resolve;
  std::mutex Mutex; ///< Guards what follows.
  QuestionsInWork Resolving;
  DenseMap<ExecutorAddr, uint64_t> Ids;
};

LazyEntries::LazyEntries(ExecutionSession &ES, std::shared_ptr<Shared> S)
    : ES(ES), S(std::move(S)) {}

LazyEntries::~LazyEntries() {
  if (auto Err = shutdown())
    ES.reportError(std::move(Err));
}

Expected<std::unique_ptr<LazyEntries>>
LazyEntries::Create(ExecutionSession &ES, ExecutorAddr ErrorHandler,
                    ResolveFn Resolve) {
  std::unique_ptr<LazyEntries> LE(new LazyEntries(
      ES, std::make_shared<Shared>(ErrorHandler, std::move(Resolve))));
  ExecutorAddr Tag = makeDispatchTag();
  if (auto Err = LE->writeReentryBlock(Tag))
    return std::move(Err);
  if (auto Err = LE->registerHandler(Tag))
    return std::move(Err);
  return std::move(LE);
}

Error LazyEntries::writeReentryBlock(ExecutorAddr Tag) {
  auto &EPC = ES.getExecutorProcessControl();
  const auto &Dispatch = EPC.getJITDispatchInfo();
  if (!Dispatch.JITDispatchFunction)
    return makeError("the executor has no JIT dispatch: no lazy entries");

  char Code[ConstantsOffset];
  if (auto Err = writeReentryCode(EPC.getTargetTriple(), Code))
    return Err;
  constexpr MemProt Prot = MemProt::Read | MemProt::Exec;
  auto Alloc = jitlink::SimpleSegmentAlloc::Create(
      EPC.getMemMgr(), EPC.getSymbolStringPool(), EPC.getTargetTriple(),
      nullptr, {{Prot, {BlockSize, Align(16)}}});
  if (!Alloc)
    return Alloc.takeError();
  auto Seg = Alloc->getSegInfo(Prot);
  if (!S->ErrorHandler)
    S->ErrorHandler = Seg.Addr + TrapOffset;
  ExecutorAddr Constants[NumConstants] = {
      Dispatch.JITDispatchContext, Tag, Dispatch.JITDispatchFunction,
      S->ErrorHandler, findErrnoLocation(ES)};
  memcpy(Seg.WorkingMem.data(), Code, ConstantsOffset);
  for (unsigned I = 0; I != NumConstants; ++I)
    support::endian::write64le(Seg.WorkingMem.data() + ConstantsOffset + 8 * I,
                               Constants[I].getValue());
  auto Finalized = Alloc->finalize();
  if (!Finalized)
    return Finalized.takeError();
  ReentryBlock = std::move(*Finalized);

  auto NewUtils = EPCIndirectionUtils::Create(EPC);
  if (!NewUtils)
    return NewUtils.takeError();
  Utils = std::move(*NewUtils);
  return Utils->writeResolverBlock(Seg.Addr, ExecutorAddr()).takeError();
}

Error LazyEntries::registerHandler(ExecutorAddr Tag) {
  return registerDispatchHandler(
      ES, Tag,
      ExecutionSession::wrapAsyncWithSPS<uint64_t(uint64_t)>(
          [S = S](unique_function<void(uint64_t)> Send, uint64_t Trampoline) {
            Answer A(std::move(Send), S->ErrorHandler);
            uint64_t Id;
            {
              std::lock_guard<std::mutex> Lock(S->Mutex);
              auto I = S->Ids.find(ExecutorAddr(Trampoline));
              if (I == S->Ids.end())
                return; // Released or never ours: to the error handler.
              Id = I->second;
              S->Resolving.begin();
            }
            S->Resolve(Id, std::move(A));
            std::lock_guard<std::mutex> Lock(S->Mutex);
            S->Resolving.end();
          }));
}

Expected<std::vector<ExecutorAddr>>
LazyEntries::create(ArrayRef<uint64_t> Ids) {
  std::lock_guard<std::mutex> Lock(Mutex);
  if (!Utils)
    return makeError("lazy entries are shut down");
  auto &Pool = Utils->getTrampolinePool();
  std::vector<ExecutorAddr> Entries;
  Entries.reserve(Ids.size());
  while (Entries.size() != Ids.size()) {
    if (Released.size() > ReleasedEntriesKept) {
      Entries.push_back(Released.front());
      Released.pop_front();
      continue;
    }
    auto Entry = Pool.getTrampoline();
    if (!Entry) {
      Released.insert(Released.begin(), Entries.begin(), Entries.end());
      return Entry.takeError();
    }
    Entries.push_back(*Entry);
  }
  std::lock_guard<std::mutex> IdsLock(S->Mutex);
  for (size_t I = 0; I != Ids.size(); ++I)
    S->Ids[Entries[I]] = Ids[I];
  return Entries;
}

void LazyEntries::release(ArrayRef<ExecutorAddr> Entries) {
  std::lock_guard<std::mutex> Lock(Mutex);
  std::lock_guard<std::mutex> IdsLock(S->Mutex);
  for (ExecutorAddr E : Entries)
    if (S->Ids.erase(E))
      Released.push_back(E);
}

Error LazyEntries::shutdown() {
  std::lock_guard<std::mutex> Lock(Mutex);
  {
    std::unique_lock<std::mutex> IdsLock(S->Mutex);
    S->Ids.clear();
    S->Resolving.waitForNone(IdsLock);
  }
  Released.clear();
  Error Err = Error::success();
  if (Utils)
    Err = Utils->cleanup();
  Utils.reset();
  if (ReentryBlock)
    Err = joinErrors(std::move(Err),
                     ES.getExecutorProcessControl().getMemMgr().deallocate(
                         std::move(ReentryBlock)));
  return Err;
}
