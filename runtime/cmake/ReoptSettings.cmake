# What everything here is built with: the language, the one LLVM, the flags.

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

include(GNUInstallDirs)

# One LLVM only: the plugin shares libLLVM and libclang-cpp with its host, and
# LLVM's C++ interface changes with each release. Ask for 22 and refuse all else
# in one line.
set(REOPT_LLVM_VERSION 22)
find_package(LLVM QUIET CONFIG
  HINTS /usr/lib/llvm-${REOPT_LLVM_VERSION}/lib/cmake/llvm)
if(NOT LLVM_FOUND OR NOT LLVM_VERSION_MAJOR EQUAL REOPT_LLVM_VERSION)
  message(FATAL_ERROR "clang-reopt needs LLVM ${REOPT_LLVM_VERSION} "
    "(Debian: llvm-${REOPT_LLVM_VERSION}-dev); found: ${LLVM_VERSION}")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

separate_arguments(REOPT_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")

# Flags of everything that we compile: neither RTTI nor exceptions, as LLVM's
# own code style has it.
add_library(reopt_flags INTERFACE)
target_compile_options(reopt_flags INTERFACE
  -Wall -Wextra -fno-rtti -fno-exceptions -fvisibility-inlines-hidden)
target_compile_definitions(reopt_flags INTERFACE ${REOPT_LLVM_DEFINITIONS})
target_include_directories(reopt_flags SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
