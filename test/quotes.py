#!/usr/bin/env python3
"""Checks that a document quotes the files of a directory to the letter.

A fenced block of the document names its file behind the language:

    ```cpp 2-call.cpp
    int main() {
    ```

Its lines must stand in that file, one after the other, with nothing between
them. A block without a file is an offence, but for those in a language that no
file here is written in (FREE). A reader who has nothing but the document must be
able to write the files: of one whose name ends in one of QUOTED, the blocks one
after the other have to be all of it, but for blank lines and the comment that it
begins with.

Each offence is printed as file:line: reason, and makes the exit code 1.
"""

import sys
import tempfile
from pathlib import Path

FREE = {"sh"}
QUOTED = {".cpp", ".h", ".out", ".txt"}
COMMENTS = ("//", "# ")


def blocks_of(text):
    """Yields (line number, language, file or None, lines) for each block."""
    block = None
    for number, line in enumerate(text.splitlines(), start=1):
        if block is None:
            if line.startswith("```"):
                language, _, name = line[3:].partition(" ")
                block = (number, language, name.strip() or None, [])
        elif line == "```":
            yield block
            block = None
        else:
            block[3].append(line)
    if block is not None:
        yield (block[0], block[1], None, [])


def contains(lines, quoted):
    span = len(quoted)
    return any(
        lines[start : start + span] == quoted
        for start in range(len(lines) - span + 1)
    )


def significant(lines):
    """The lines that are not blank, with their numbers."""
    return [(number, line) for number, line in lines if line.strip()]


def first_missing(lines, quoted):
    """The number of the first of \p lines that \p quoted has not in its place,
    or None."""
    start = 0
    while start < len(lines) and lines[start].startswith(COMMENTS):
        start += 1
    wanted = significant(enumerate(lines[start:], start=start + 1))
    given = significant(enumerate(quoted))
    for index, (number, line) in enumerate(wanted):
        if index >= len(given) or given[index][1] != line:
            return number
    return None


def offences(document, directory):
    """Yields (path, line number, reason) for each broken rule."""
    named = {}
    for number, language, name, quoted in blocks_of(document.read_text("utf-8")):
        if name is None:
            if language not in FREE:
                yield document, number, "a block that names no file, or has no end"
            continue
        named.setdefault(name, []).extend(quoted)
        path = directory / name
        if not path.is_file():
            yield document, number, f"there is no {name}"
        elif not quoted:
            yield document, number, "an empty block"
        elif not contains(path.read_text("utf-8").splitlines(), quoted):
            yield document, number, f"not to be found in {name}"
    for path in sorted(directory.iterdir()):
        if path.suffix not in QUOTED:
            continue
        if path.name not in named:
            yield path, 1, f"{document.name} does not quote it"
            continue
        missing = first_missing(
            path.read_text("utf-8").splitlines(), named[path.name]
        )
        if missing is not None:
            yield path, missing, f"{document.name} does not quote this in its place"


def check(document, directory):
    found = list(offences(Path(document), Path(directory)))
    for path, number, reason in found:
        print(f"{path}:{number}: {reason}")
    return 1 if found else 0


# --- The check of the check --------------------------------------------------

SAMPLE_FILES = {
    "a.cpp": "// what it is\n\none\n  two\n\nthree\nfour\n",
    "b.cpp": "five\n",
    "c.out": "six\n",
    "e.h": "one\n  two\n\nthree\n",
    "f.h": "one\ntwo\nthree\n",
    "g.h": "one\ntwo\nthree\n",
    "h.py": "eight\nnine\n",
    "CMakeLists.txt": "# what it is\nseven\n",
}
# Blocks, each with whether it is an offence.
SAMPLE_BLOCKS = [
    ("```cpp a.cpp\none\n  two\n\nthree\n```", False),
    ("```cpp a.cpp\nfour\n```", False),
    ("```cpp e.h\none\nthree\n```", True),
    ("```cpp e.h\none\ntwo\n```", True),
    ("```cpp e.h\n```", True),
    ("```cpp d.cpp\none\n```", True),
    ("```cpp\none\n```", True),
    ("```sh\nls\n```", False),
    ("```cmake CMakeLists.txt\nseven\n```", False),
    ("```text c.out\nsix\n```", False),
    ("```cpp f.h\none\n```", False),
    ("```cpp f.h\nthree\n```", False),
    ("```cpp g.h\ntwo\nthree\n```", False),
    ("```cpp g.h\none\n```", False),
    ("```python h.py\nnine\n```", False),
    ("```cpp a.cpp\none", True),
]
# Files, each with the line that is missing, or out of its place.
SAMPLE_MISSING = [("b.cpp", 1), ("e.h", 2), ("f.h", 2), ("g.h", 1)]


def self_test():
    text, expected = "", set()
    for block, is_offence in SAMPLE_BLOCKS:
        if is_offence:
            expected.add(("sample.md", text.count("\n") + 1))
        text += block + "\n"
    expected.update(SAMPLE_MISSING)
    with tempfile.TemporaryDirectory() as root:
        directory = Path(root) / "files"
        directory.mkdir()
        for name, content in SAMPLE_FILES.items():
            (directory / name).write_text(content)
        document = Path(root) / "sample.md"
        document.write_text(text)
        found = {(path.name, number) for path, number, _ in offences(document, directory)}
    for name, number in sorted(expected - found):
        print(f"{name}:{number}: not reported")
    for name, number in sorted(found - expected):
        print(f"{name}:{number}: reported")
    return 1 if found != expected else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) == 2:
        return check(*arguments)
    print("usage: quotes.py DOCUMENT DIRECTORY | --self-test", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
