#!/usr/bin/env python3
"""A tiered clang-repl whose answers are checked under osr-stress.

  stressed_repl.py KIND CLANG-REPL OPTION... <inputs

Runs the session as it is, for whoever reads its output. Then runs it twice
more, with `osr-stress` set to KIND and without it, and compares what the
program printed and how it ended. Inputs that ask how hot something is are left
out there: under stress that is otherwise, and is meant to be. Ends with 86 and
says what differs if the answers do.
"""

import difflib
import re
import subprocess
import sys

DIFFERENT = 86
# Commands that print about tiers; those that change something stay.
LISTINGS = re.compile(rb"^%reopt *((status|list|why|help)?( .*)?|speculate)$")
# What differs from session to session anyway.
ADDRESS = re.compile(rb"0x[0-9a-f]+")


def answers(command: list[str], inputs: bytes) -> tuple[list[str], int]:
    done = subprocess.run(
        command, input=inputs, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    printed = ADDRESS.sub(b"0x", done.stdout).decode(errors="replace")
    return printed.splitlines(), done.returncode


def main() -> int:
    kind, *command = sys.argv[1:]
    inputs = sys.stdin.buffer.read()
    shown = subprocess.run(command, input=inputs)

    kept = b"".join(
        line
        for line in inputs.splitlines(keepends=True)
        if not LISTINGS.match(line.rstrip(b"\n"))
    )
    relaxed = answers(command, kept)
    stress = f"--Xcc=-fplugin-arg-reopt-osr-stress={kind}"
    stressed = answers([*command, stress], kept)
    if stressed != relaxed:
        difference = difflib.unified_diff(
            relaxed[0], stressed[0], "relaxed", "stressed", lineterm=""
        )
        print(*difference, sep="\n", file=sys.stderr)
        print(f"ended with {stressed[1]} instead of {relaxed[1]}", file=sys.stderr)
        return DIFFERENT
    return shown.returncode if shown.returncode >= 0 else 128 - shown.returncode


if __name__ == "__main__":
    sys.exit(main())
