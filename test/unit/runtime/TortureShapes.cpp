//===- TortureShapes.cpp - What tortured functions look like --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TortureShapes.h"

namespace reopt::torture {

const char *const Ends[NumEnds] = {
    // a call, which an exception passes through
    R"(
    %r = call i64 %self(i64 %x, i64 %less, i64 %mode)
    ret i64 %r
  })",
    // a tail call, and no frame
    R"(
    %r = musttail call i64 %self(i64 %x, i64 %less, i64 %mode)
    ret i64 %r
  })",
    // through the host into another function
    R"(
    %s = call i64 @call_next(i64 OWN_INDEX, i64 %x, i64 %less, i64 %mode)
    %r = add i64 %s, OWN_ADDEND
    ret i64 %r
  })",
    // two calls
    R"(
    %q = call i64 %self(i64 %x, i64 %less, i64 %mode)
    %r = call i64 %self(i64 %x, i64 0, i64 %mode)
    %d = sub i64 %q, %r
    %t = add i64 %d, %q
    ret i64 %t
  })",
    // an exception is caught and thrown again
    R"(
    %r = invoke i64 %self(i64 %x, i64 %less, i64 %mode)
        to label %return unwind label %pad
  return:
    ret i64 %r
  pad:
    %lp = landingpad {ptr, i32} catch ptr null
    %e = extractvalue {ptr, i32} %lp, 0
    %p = call ptr @__cxa_begin_catch(ptr %e)
    invoke void @__cxa_rethrow() to label %never unwind label %end
  never:
    unreachable
  end:
    %lp2 = landingpad {ptr, i32} cleanup
    call void @__cxa_end_catch()
    resume {ptr, i32} %lp2
  })",
    // an exception is caught, and the call made again
    R"(
    %r = invoke i64 %self(i64 %x, i64 0, i64 %mode)
        to label %again unwind label %pad
  pad:
    %lp = landingpad {ptr, i32} catch ptr @_ZTIi
    %e = extractvalue {ptr, i32} %lp, 0
    %p = call ptr @__cxa_begin_catch(ptr %e)
    call void @__cxa_end_catch()
    br label %again
  again:
    %s = call i64 %self(i64 %x, i64 %less, i64 %mode)
    ret i64 %s
  })",
    // a clean-up, through the host
    R"(
    %s = invoke i64 @call_next(i64 OWN_INDEX, i64 %x, i64 %less, i64 %mode)
        to label %return unwind label %pad
  return:
    %r = add i64 %s, OWN_ADDEND
    ret i64 %r
  pad:
    %lp = landingpad {ptr, i32} cleanup
    %q = call i64 @call_next(i64 OWN_INDEX, i64 %x, i64 0, i64 0)
    resume {ptr, i32} %lp
  })",
    // a handler for something else
    R"(
    %r = invoke i64 %self(i64 %x, i64 %less, i64 %mode)
        to label %return unwind label %pad
  return:
    ret i64 %r
  pad:
    %lp = landingpad {ptr, i32} catch ptr @_ZTId
    ret i64 0
  })"};

std::string
substitute(std::string IR,
           const std::vector<std::pair<std::string, std::string>> &Words) {
  for (auto &[From, To] : Words)
    for (size_t At = 0; (At = IR.find(From, At)) != std::string::npos;
         At += To.size())
      IR.replace(At, From.size(), To);
  return IR;
}

} // namespace reopt::torture
