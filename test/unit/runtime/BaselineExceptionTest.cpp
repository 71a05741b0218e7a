//===- BaselineExceptionTest.cpp - Exceptions through baseline code ------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A C++ function of this file throws, code of either compiler lets pass,
// cleans up, or catches, and this file catches what comes out.
//
//===----------------------------------------------------------------------===//

#include "BaselineTest.h"

#include <stdexcept>

using namespace llvm;
using namespace reopt;

extern "C" {

/// Returns its argument, or throws one of five types.
static uint64_t mayThrow(uint64_t What) {
  switch (What % 7) {
  case 1:
    throw int(What);
  case 2:
    throw std::runtime_error("runtime");
  case 3:
    throw std::out_of_range("range");
  case 4:
    throw "text";
  case 5:
    throw double(What);
  default:
    return What;
  }
}

static uint64_t Trace;
static void note(uint64_t What) { Trace = Trace * 31 + What; }
}

namespace {

class BaselineExceptionTest : public BaselineTest {
protected:
  void SetUp() override {
    define("may_throw", reinterpret_cast<void *>(mayThrow));
    define("note", reinterpret_cast<void *>(note));
  }

  /// What comes out of \p F, as a number.
  static uint64_t run(Numbers F, uint64_t A, uint64_t B) {
    Trace = 1;
    uint64_t Out;
    try {
      Out = F(A, B) * 8;
    } catch (int I) {
      Out = uint64_t(I) * 8 + 1;
    } catch (const std::out_of_range &) {
      Out = 2;
    } catch (const std::exception &) {
      Out = 3;
    } catch (const char *) {
      Out = 4;
    } catch (...) {
      Out = 5;
    }
    return Out * 1000003 + Trace;
  }

  void linkAndThrow(StringRef Functions) {
    constexpr const char *Declared = R"(
      @_ZTIi = external constant ptr
      @_ZTIPKc = external constant ptr
      @_ZTISt9exception = external constant ptr
      @_ZTISt12out_of_range = external constant ptr
      declare i32 @__gxx_personality_v0(...)
      declare ptr @__cxa_begin_catch(ptr)
      declare void @__cxa_end_catch()
      declare void @__cxa_rethrow()
      declare ptr @__cxa_allocate_exception(i64)
      declare void @__cxa_throw(ptr, ptr, ptr)
      declare i32 @llvm.eh.typeid.for.p0(ptr)
      declare i64 @may_throw(i64)
      declare void @note(i64)
    )";
    if (!link(Declared + Functions.str()))
      return;
    for (const std::string &Name : NumberNames) {
      auto F = Ours.get<Numbers>(Name), G = Theirs.get<Numbers>(Name);
      for (uint64_t A = 0; A < 30; ++A)
        for (uint64_t B = 0; B < 30; ++B) {
          const uint64_t Got = run(F, A, B);
          ASSERT_EQ(Got, run(G, A, B)) << Name << " of " << A << ", " << B;
        }
    }
  }
};

TEST_F(BaselineExceptionTest, ExceptionsPassThroughFrames) {
  linkAndThrow(R"(
    define internal i64 @inner(i64 %a) noinline uwtable {
      %x = call i64 @may_throw(i64 %a)
      %r = mul i64 %x, 3
      ret i64 %r
    }
    define internal i64 @many(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 %f, i64 %g, i64 %h) noinline uwtable {
      %n = and i64 %h, 15
      %v = alloca i64, i64 %n
      %x = call i64 @inner(i64 %g)
      %y = call i64 @inner(i64 %h)
      %r = sub i64 %x, %y
      ret i64 %r
    }
    define i64 @outer(i64 %a, i64 %b) uwtable {
      %c = icmp ult i64 %a, 20
      br i1 %c, label %one, label %two
    one:
      %x = call i64 @inner(i64 %a)
      %r = sub i64 %x, %b
      ret i64 %r
    two:
      %y = call i64 @many(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 %a, i64 %b)
      ret i64 %y
    }
    define i64 @throws(i64 %a, i64 %b) uwtable {
      %c = icmp ult i64 %a, %b
      br i1 %c, label %one, label %two
    one:
      %e = call ptr @__cxa_allocate_exception(i64 4)
      %n = trunc i64 %a to i32
      store i32 %n, ptr %e
      call void @__cxa_throw(ptr %e, ptr @_ZTIi, ptr null)
      unreachable
    two:
      ret i64 %b
    }
  )");
}

TEST_F(BaselineExceptionTest, CleanupsRunAndResume) {
  linkAndThrow(R"(
    define i64 @f(i64 %a, i64 %b) uwtable personality ptr @__gxx_personality_v0 {
      %kept = mul i64 %a, 7
      %x = invoke i64 @may_throw(i64 %a) to label %then unwind label %pad
    then:
      %s = add i64 %x, %kept
      %y = invoke i64 @may_throw(i64 %b) to label %end unwind label %pad2
    end:
      %r = sub i64 %s, %y
      ret i64 %r
    pad:
      %l = landingpad { ptr, i32 } cleanup
      call void @note(i64 %kept)
      br label %out
    pad2:
      %m = landingpad { ptr, i32 } cleanup
      call void @note(i64 %s)
      br label %out
    out:
      %e = phi { ptr, i32 } [ %l, %pad ], [ %m, %pad2 ]
      call void @note(i64 3)
      resume { ptr, i32 } %e
    }
    define i64 @g(i64 %a, i64 %b) uwtable personality ptr @__gxx_personality_v0 {
      %v = alloca i64
      store i64 5, ptr %v
      %x = invoke i64 @f(i64 %a, i64 %b) to label %then unwind label %pad
    then:
      %y = call i64 @may_throw(i64 %x)
      ret i64 %y
    pad:
      %l = landingpad { ptr, i32 } cleanup
      %p = extractvalue { ptr, i32 } %l, 0
      %i = extractvalue { ptr, i32 } %l, 1
      %w = load i64, ptr %v
      call void @note(i64 %w)
      %e = insertvalue { ptr, i32 } poison, ptr %p, 0
      %e1 = insertvalue { ptr, i32 } %e, i32 %i, 1
      resume { ptr, i32 } %e1
    }
  )");
}

TEST_F(BaselineExceptionTest, TypesAreCaughtInOrder) {
  std::string Text;
  unsigned N = 0;
  for (const char *Clauses :
       {"catch ptr @_ZTIi", "catch ptr @_ZTISt9exception", "catch ptr null",
        "catch ptr @_ZTIi catch ptr @_ZTISt9exception",
        "catch ptr @_ZTISt9exception catch ptr @_ZTISt12out_of_range",
        "catch ptr @_ZTISt12out_of_range catch ptr @_ZTISt9exception",
        "cleanup catch ptr @_ZTIPKc", "cleanup catch ptr @_ZTIi catch ptr null",
        "catch ptr @_ZTIPKc catch ptr @_ZTIi catch ptr @_ZTISt9exception "
        "catch ptr null",
        "cleanup catch ptr @_ZTIPKc catch ptr @_ZTIi catch ptr "
        "@_ZTISt12out_of_range"})
    Text += fill(R"(
      define i64 @catches$n(i64 %a, i64 %b) uwtable personality ptr @__gxx_personality_v0 {
        %x = invoke i64 @may_throw(i64 %a) to label %then unwind label %pad
      then:
        ret i64 %x
      pad:
        %l = landingpad { ptr, i32 } $c
        %p = extractvalue { ptr, i32 } %l, 0
        %i = extractvalue { ptr, i32 } %l, 1
        call void @note(i64 77)
        %t1 = call i32 @llvm.eh.typeid.for.p0(ptr @_ZTIi)
        %is1 = icmp eq i32 %i, %t1
        br i1 %is1, label %int, label %not.int
      int:
        %o = call ptr @__cxa_begin_catch(ptr %p)
        %v = load i32, ptr %o
        call void @__cxa_end_catch()
        %w = zext i32 %v to i64
        %r = sub i64 %w, %b
        ret i64 %r
      not.int:
        %t2 = call i32 @llvm.eh.typeid.for.p0(ptr @_ZTISt9exception)
        %is2 = icmp eq i32 %i, %t2
        br i1 %is2, label %std, label %not.std
      std:
        %o2 = call ptr @__cxa_begin_catch(ptr %p)
        call void @__cxa_end_catch()
        ret i64 222
      not.std:
        %t3 = call i32 @llvm.eh.typeid.for.p0(ptr @_ZTISt12out_of_range)
        %is3 = icmp eq i32 %i, %t3
        br i1 %is3, label %range, label %not.range
      range:
        %o3 = call ptr @__cxa_begin_catch(ptr %p)
        call void @__cxa_end_catch()
        ret i64 333
      not.range:
        %t4 = call i32 @llvm.eh.typeid.for.p0(ptr @_ZTIPKc)
        %is4 = icmp eq i32 %i, %t4
        br i1 %is4, label %text, label %not.text
      text:
        %o4 = call ptr @__cxa_begin_catch(ptr %p)
        call void @__cxa_end_catch()
        ret i64 444
      not.text:
        $else
      }
    )",
                 {{"$n", std::to_string(N++)},
                  {"$c", Clauses},
                  {"$else", std::strstr(Clauses, "null")
                                ? "%o5 = call ptr @__cxa_begin_catch(ptr %p)\n"
                                  "call void @__cxa_end_catch()\n"
                                  "ret i64 555"
                                : "call void @note(i64 5)\n"
                                  "resume { ptr, i32 } %l"}});
  linkAndThrow(Text);
}

TEST_F(BaselineExceptionTest, PadsAreSharedHavePhisAndNest) {
  linkAndThrow(R"(
    define i64 @shared(i64 %a, i64 %b) uwtable personality ptr @__gxx_personality_v0 {
    entry:
      %m = mul i64 %a, 3
      %x = invoke i64 @may_throw(i64 %a) to label %then unwind label %pad
    then:
      %d = uitofp i64 %b to double
      %y = invoke i64 @may_throw(i64 %b) to label %more unwind label %pad
    more:
      %s = add i64 %x, %y
      %z = invoke i64 @may_throw(i64 %s) to label %end unwind label %pad
    end:
      %r = phi i64 [ %z, %more ]
      ret i64 %r
    pad:
      %at = phi i64 [ 1, %entry ], [ %x, %then ], [ %s, %more ]
      %w = phi i64 [ %m, %entry ], [ %b, %then ], [ 3, %more ]
      %f = phi double [ 0.5, %entry ], [ %d, %then ], [ -0.0, %more ]
      %g = phi ptr [ @note, %entry ], [ null, %then ], [ @shared, %more ]
      %l = landingpad { ptr, i32 } cleanup catch ptr @_ZTIi
      %p = extractvalue { ptr, i32 } %l, 0
      %i = extractvalue { ptr, i32 } %l, 1
      call void @note(i64 %at)
      call void @note(i64 %w)
      %fb = bitcast double %f to i64
      call void @note(i64 %fb)
      %isnote = icmp eq ptr %g, @note
      %in = zext i1 %isnote to i64
      call void @note(i64 %in)
      %t = call i32 @llvm.eh.typeid.for.p0(ptr @_ZTIi)
      %is = icmp eq i32 %i, %t
      br i1 %is, label %catch, label %out
    catch:
      %o = call ptr @__cxa_begin_catch(ptr %p)
      %v = load i32, ptr %o
      call void @__cxa_end_catch()
      %v1 = zext i32 %v to i64
      %u = add i64 %v1, %w
      ret i64 %u
    out:
      resume { ptr, i32 } %l
    }
    define i64 @rethrows(i64 %a, i64 %b) uwtable personality ptr @__gxx_personality_v0 {
      %x = invoke i64 @shared(i64 %a, i64 %b) to label %then unwind label %pad
    then:
      ret i64 %x
    pad:
      %l = landingpad { ptr, i32 } catch ptr null
      %p = extractvalue { ptr, i32 } %l, 0
      %o = call ptr @__cxa_begin_catch(ptr %p)
      %c = icmp ult i64 %b, 12
      br i1 %c, label %again, label %done
    again:
      invoke void @__cxa_rethrow() to label %never unwind label %pad2
    never:
      unreachable
    done:
      call void @__cxa_end_catch()
      ret i64 %b
    pad2:
      %m = landingpad { ptr, i32 } cleanup
      call void @__cxa_end_catch()
      call void @note(i64 %b)
      resume { ptr, i32 } %m
    }
    define i64 @in_a_loop(i64 %a, i64 %b) uwtable personality ptr @__gxx_personality_v0 {
    entry:
      br label %loop
    loop:
      %i = phi i64 [ 0, %entry ], [ %i1, %next ]
      %s = phi i64 [ %b, %entry ], [ %s1, %next ]
      %n = add i64 %a, %i
      %x = invoke i64 @rethrows(i64 %n, i64 %b) to label %next unwind label %pad
    pad:
      %l = landingpad { ptr, i32 } catch ptr @_ZTISt9exception catch ptr null
      %p = extractvalue { ptr, i32 } %l, 0
      %sel = extractvalue { ptr, i32 } %l, 1
      %o = call ptr @__cxa_begin_catch(ptr %p)
      call void @__cxa_end_catch()
      %t = call i32 @llvm.eh.typeid.for.p0(ptr @_ZTISt9exception)
      %is = icmp eq i32 %sel, %t
      %y = select i1 %is, i64 1000, i64 2000
      br label %next
    next:
      %v = phi i64 [ %x, %loop ], [ %y, %pad ]
      %m = mul i64 %s, 3
      %s1 = add i64 %m, %v
      %i1 = add i64 %i, 1
      %c = icmp ult i64 %i1, 8
      br i1 %c, label %loop, label %end
    end:
      ret i64 %s1
    }
    define { i64, double } @pair(i64 %a) uwtable {
      %x = call i64 @may_throw(i64 %a)
      %r = insertvalue { i64, double } { i64 0, double 2.5 }, i64 %x, 0
      ret { i64, double } %r
    }
    define i64 @pairs(i64 %a, i64 %b) uwtable personality ptr @__gxx_personality_v0 {
      %x = invoke { i64, double } @pair(i64 %a) to label %then unwind label %pad
    then:
      %y = extractvalue { i64, double } %x, 0
      %z = extractvalue { i64, double } %x, 1
      %w = fptoui double %z to i64
      %r = add i64 %y, %w
      ret i64 %r
    pad:
      %l = landingpad { ptr, i32 } cleanup
      call void @note(i64 %b)
      resume { ptr, i32 } %l
    }
  )");
}

} // namespace
