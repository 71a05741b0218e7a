"""What is shown on standard error while the benchmark runs.

On a terminal one line that is written over; otherwise a line for each program.
"""

from __future__ import annotations

import shutil
import sys
import time


class Progress:
    def __init__(self, steps: int):
        self._steps = steps
        self._done = 0
        self._started = time.monotonic()
        self._is_terminal = sys.stderr.isatty()
        self._program = ""

    def step(self, program: str, engine: str, repeat: int) -> None:
        """Says what is run next."""
        seconds = time.monotonic() - self._started
        counted = f"[{self._done:>3}/{self._steps}] {seconds:4.0f} s  {program}"
        if self._is_terminal:
            line = f"{counted}: {engine}, repeat {repeat + 1}"
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{line[:width]}", end="", file=sys.stderr, flush=True)
        elif program != self._program:
            print(counted, file=sys.stderr, flush=True)
        self._program = program
        self._done += 1

    def finish(self) -> None:
        if self._is_terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
