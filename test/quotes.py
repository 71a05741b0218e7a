#!/usr/bin/env python3
"""Checks that a document quotes the files of a directory to the letter.

A fenced block of the document names its file behind the language:

    ```cpp 2-call.cpp
    int main() {
    ```

Its lines must stand in that file, one after the other, with nothing between
them. A block without a file is an offence, but for those in a language that no
file here is written in (FREE). So is a file whose name ends in one of QUOTED and
which no block names: what the reader is to follow must not be left out.

Each offence is printed as file:line: reason, and makes the exit code 1.
"""

import sys
import tempfile
from pathlib import Path

FREE = {"sh"}
QUOTED = {".cpp", ".h", ".out"}


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


def offences(document, directory):
    """Yields (path, line number, reason) for each broken rule."""
    named = set()
    for number, language, name, quoted in blocks_of(document.read_text("utf-8")):
        if name is None:
            if language not in FREE:
                yield document, number, "a block that names no file, or has no end"
            continue
        named.add(name)
        path = directory / name
        if not path.is_file():
            yield document, number, f"there is no {name}"
        elif not quoted:
            yield document, number, "an empty block"
        elif not contains(path.read_text("utf-8").splitlines(), quoted):
            yield document, number, f"not to be found in {name}"
    for path in sorted(directory.iterdir()):
        if path.suffix in QUOTED and path.name not in named:
            yield path, 1, f"{document.name} does not quote it"


def check(document, directory):
    found = list(offences(Path(document), Path(directory)))
    for path, number, reason in found:
        print(f"{path}:{number}: {reason}")
    return 1 if found else 0


# --- The check of the check --------------------------------------------------

SAMPLE_FILES = {
    "a.cpp": "one\n  two\n\nthree\nfour\n",
    "b.cpp": "five\n",
    "c.out": "six\n",
    "CMakeLists.txt": "seven\n",
}
# Blocks, each with whether it is an offence.
SAMPLE_BLOCKS = [
    ("```cpp a.cpp\none\n  two\n\nthree\n```", False),
    ("```cpp a.cpp\nfour\n```", False),
    ("```cpp a.cpp\none\nthree\n```", True),
    ("```cpp a.cpp\none\ntwo\n```", True),
    ("```cpp a.cpp\n```", True),
    ("```cpp d.cpp\none\n```", True),
    ("```cpp\none\n```", True),
    ("```sh\nls\n```", False),
    ("```cmake CMakeLists.txt\nseven\n```", False),
    ("```text c.out\nsix\n```", False),
    ("```cpp a.cpp\none", True),
]


def self_test():
    text, expected = "", set()
    for block, is_offence in SAMPLE_BLOCKS:
        if is_offence:
            expected.add(("sample.md", text.count("\n") + 1))
        text += block + "\n"
    expected.add(("b.cpp", 1))
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
