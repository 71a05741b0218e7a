#!/usr/bin/env python3
"""Checks that the rooms of this tree only know those below them.

runtime/ serves any ORC client, and interpreter-patches/ any plugin that must get
into a stock host. Both stay usable alone only as long as neither reaches upwards
or sideways:

  runtime/              includes no clang header, links no clang library, and
                        includes nothing of plugin/ or interpreter-patches/
  interpreter-patches/  includes nothing of runtime/ or plugin/

Each offence is printed as file:line: reason, and makes the exit code 1.

A header belongs to an include when the include's text is the end of the header's
path; the includer's own room comes first. So it does not matter which include
directories a CMakeLists.txt hands out.
"""

import re
import sys
import tempfile
from pathlib import Path

ROOMS = ("runtime", "plugin", "interpreter-patches")
# The directories that public headers are included through.
PREFIXES = {"reopt": "runtime", "reopt-clang": "plugin"} | {r: r for r in ROOMS}
FORBIDDEN_ROOMS = {
    "runtime": ("plugin", "interpreter-patches"),
    "interpreter-patches": ("runtime", "plugin"),
}

SOURCE_SUFFIXES = {".h", ".hpp", ".c", ".cc", ".cpp", ".def", ".inc", ".in"}
INCLUDE = re.compile(r'\s*#\s*(?:include|include_next|import)\s*[<"]([^>"]+)[>"]')
CLANG_HEADER = re.compile(r"clang(-c)?/")
# clang-cpp, libclang, clangAST and its siblings, what ClangConfig.cmake defines,
# and the call that finds it.
CLANG_LIBRARY = re.compile(
    r"\b(clang-cpp|libclang[\w.-]*|clang[A-Z]\w*|CLANG_[A-Z_]+"
    r"|find_package\s*\(\s*Clang)\b"
)


class Tree:
    """The source and CMake files of each room, with their paths from the root."""

    def __init__(self, root):
        self.root = Path(root).resolve()
        self.sources = {room: [] for room in ROOMS}
        self.cmake = {room: [] for room in ROOMS}
        for room in ROOMS:
            for path in sorted((self.root / room).rglob("*")):
                if path.name == "CMakeLists.txt" or path.suffix == ".cmake":
                    self.cmake[room].append(path)
                elif path.suffix in SOURCE_SUFFIXES and path.is_file():
                    self.sources[room].append(path)

    def room_of_include(self, room, text):
        """The room that an include reaches, or None for a header from outside."""
        ending = "/" + text.lstrip("./")
        for candidate in (room, *(r for r in ROOMS if r != room)):
            for path in self.sources[candidate]:
                if ("/" + path.relative_to(self.root).as_posix()).endswith(ending):
                    return candidate
        # Not there, or generated: the directory still tells whose it is.
        return PREFIXES.get(ending.split("/")[1])


def lines_of(path):
    text = path.read_text(encoding="utf-8", errors="replace")
    return enumerate(text.splitlines(), start=1)


def offences(tree):
    """Yields (path, line number, reason) for each broken rule."""
    for room, forbidden in FORBIDDEN_ROOMS.items():
        for path in tree.sources[room]:
            for number, line in lines_of(path):
                match = INCLUDE.match(line)
                if not match:
                    continue
                text = match.group(1)
                if room == "runtime" and CLANG_HEADER.match(text):
                    yield path, number, f"runtime/ includes a clang header, {text}"
                    continue
                reached = tree.room_of_include(room, text)
                if reached in forbidden:
                    yield path, number, f"{room}/ includes {text} of {reached}/"
    for path in tree.cmake["runtime"]:
        for number, line in lines_of(path):
            match = CLANG_LIBRARY.search(line.split("#")[0])
            if match:
                yield path, number, f"runtime/ links clang: {match.group(1)}"


def check(root):
    tree = Tree(root)
    if not tree.sources["runtime"]:
        print(f"layering: no sources in {tree.root / 'runtime'}", file=sys.stderr)
        return 1
    found = list(offences(tree))
    for path, number, reason in found:
        print(f"{path.relative_to(tree.root)}:{number}: {reason}")
    return 1 if found else 0


# --- The check of the check --------------------------------------------------

# Each line that must be found ends in the marker. The others must not be.
MARKER = "// offence"
SAMPLE = {
    "runtime/include/reopt/Table.h": """\
        #include "llvm/ADT/StringRef.h"
        #include "reopt/Cell.h"
        #include <vector>
        // #include "clang/AST/Decl.h"
        #include "clang/AST/Decl.h" // offence
        #include <clang/Basic/Version.h> // offence
        #  include "clang-c/Index.h" // offence
    """,
    "runtime/include/reopt/Cell.h": "",
    "runtime/lib/Table.cpp": """\
        #include "reopt/Table.h"
        #include "Recodegen.h" // offence
        #include "../../plugin/lib/Recodegen.h" // offence
        #include "interpreter-patches/PltPatch.h" // offence
        #include "interpreter-patches/Generated.h" // offence
        #include "reopt-clang/Generated.h" // offence
        #include "Local.h"
    """,
    "runtime/lib/Local.h": "",
    "runtime/CMakeLists.txt": """\
        # clang-cpp is not for us
        target_link_libraries(ReoptRuntime PUBLIC LLVM)
        target_link_libraries(ReoptRuntime PUBLIC clang-cpp) // offence
        target_link_libraries(ReoptRuntime PRIVATE clangAST) // offence
        find_package(Clang REQUIRED CONFIG) // offence
        target_include_directories(R PUBLIC ${CLANG_INCLUDE_DIRS}) // offence
        if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    """,
    "runtime/executor/Start.c": """\
        #include <clang/Basic/Version.h> // offence
    """,
    "plugin/lib/Recodegen.h": """\
        #include "clang/AST/Decl.h"
        #include "interpreter-patches/PltPatch.h"
        #include "reopt/Table.h"
    """,
    "plugin/lib/Local.h": "",
    "plugin/CMakeLists.txt": "target_link_libraries(ClangReopt clang-cpp)",
    "interpreter-patches/include/interpreter-patches/PltPatch.h": """\
        #include "clang/Interpreter/Interpreter.h"
        #include "reopt/Table.h" // offence
        #include <reopt/Generated.h> // offence
        #include "Recodegen.h" // offence
    """,
    "interpreter-patches/lib/PltPatch.cpp": """\
        #include "interpreter-patches/PltPatch.h"
        #include "../../runtime/lib/Local.h" // offence
        #include "runtime/lib/Local.h" // offence
        #include "Table.h" // offence
    """,
}


def self_test():
    expected = set()
    with tempfile.TemporaryDirectory() as root:
        for name, text in SAMPLE.items():
            path = Path(root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(MARKER, ""))
            expected |= {
                (name, number)
                for number, line in enumerate(text.splitlines(), start=1)
                if line.endswith(MARKER)
            }
        tree = Tree(root)
        found = {
            (path.relative_to(tree.root).as_posix(), number)
            for path, number, _ in offences(tree)
        }
    for name, number in sorted(expected - found):
        print(f"{name}:{number}: not reported: {SAMPLE[name].splitlines()[number - 1]}")
    for name, number in sorted(found - expected):
        print(f"{name}:{number}: reported: {SAMPLE[name].splitlines()[number - 1]}")
    return 1 if found != expected else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        return check(arguments[0])
    print("usage: layering.py SOURCE_ROOT | --self-test", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
