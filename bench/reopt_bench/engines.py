"""The engines that are put side by side.

reopt       stock clang-repl with the plugin
stock       stock clang-repl, which compiles at -O0
stock-O3    stock clang-repl with `--Xcc=-O3`, input by input
aot         clang++ -O3 ahead of time, all inputs in one file

A fifth, `parser`, is stock clang-repl with `--Xcc=-fsyntax-only`: it parses the
inputs and generates and runs nothing, which gives the time that parsing takes.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import programs
from .programs import Program
from .sessions import SessionFailure, SessionRun, run_paused_session, run_session

REOPT, STOCK, STOCK_O3, AOT = "reopt", "stock", "stock-O3", "aot"
PARSER = "parser"
ENGINE_NAMES = [REOPT, STOCK, STOCK_O3, AOT]

KERNEL_MARKS = 3  # see programs.kernel_session


@dataclasses.dataclass(frozen=True)
class Tools:
    """The programs that are run, and for how long at most."""

    clang_repl: str
    clangxx: str
    plugin: Path | None
    timeout: float  # seconds, for one session


class ReplEngine:
    """A clang-repl with options."""

    compiles_inputs = True

    def __init__(
        self, name: str, options: list[str], tools: Tools, launcher: Sequence[str] = ()
    ):
        self.name = name
        self.launcher = list(launcher)
        self.command = [*launcher, tools.clang_repl, *options]
        self.timeout = tools.timeout

    def run_kernel(self, harness: Program, kernel: Program, calls: int) -> SessionRun:
        text = programs.kernel_session(harness, kernel, calls)
        run = run_session(self.command, text, self.timeout)
        return _complete(run, KERNEL_MARKS, calls)

    def run_paused(self, harness: Program, kernel: Program, pause: float) -> SessionRun:
        """One call of the kernel, `pause` seconds after it was declared."""
        text, rest = programs.paused_session(harness, kernel)
        run = run_paused_session(self.command, text, pause, rest, self.timeout)
        return _complete(run, 0, 1)

    def run_first_answer(self, program: Program) -> SessionRun:
        text = programs.first_answer_session(program)
        return run_session(self.command, text, self.timeout)

    def run_input_set(self, harness: Program, input_set: Program) -> SessionRun:
        text = programs.input_set_session(harness, input_set)
        run = run_session(self.command, text, self.timeout)
        expected = len(input_set.inputs) + 1
        if len(run.driver_marks) != expected:
            raise SessionFailure(f"{len(run.driver_marks)} of {expected} marks seen")
        if self.name != PARSER and run.checksum is None:
            raise SessionFailure("the session ended before its report")
        return run


class AheadOfTimeEngine:
    """clang++ -O3. Compiles each kernel once and keeps it in `folder`."""

    compiles_inputs = False
    name = AOT

    def __init__(self, tools: Tools, folder: Path):
        self.command = [tools.clangxx, "-O3"]
        self.timeout = tools.timeout
        self.folder = folder

    def run_kernel(self, harness: Program, kernel: Program, calls: int) -> SessionRun:
        executable = self._compiled(harness, kernel, calls)
        run = run_session([str(executable)], "", self.timeout)
        return _complete(run, KERNEL_MARKS, calls)

    def run_paused(self, harness: Program, kernel: Program, pause: float) -> SessionRun:
        """One call in a process of its own; nothing is gained by a pause."""
        return self.run_kernel(harness, kernel, 1)

    def _compiled(self, harness: Program, kernel: Program, calls: int) -> Path:
        executable = self.folder / f"{kernel.name}-{calls}"
        if executable.exists():
            return executable
        source = executable.with_suffix(".cpp")
        source.write_text(programs.ahead_of_time_source(harness, kernel, calls))
        done = subprocess.run(
            [*self.command, str(source), "-o", str(executable)],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise SessionFailure(f"does not compile: {done.stderr.strip()}")
        return executable


Engine = ReplEngine | AheadOfTimeEngine


def check_plugin(tools: Tools) -> None:
    """Raises SessionFailure if the host runs as stock despite the plugin."""
    engine = make_reopt(tools)
    run_session(engine.command, "%reopt status\n%quit\n", tools.timeout)


def make_reopt(
    tools: Tools, name: str = REOPT, options: Sequence[str] = ()
) -> ReplEngine:
    """`options`: the plugin's, as `osr=off`, which win over REOPT_OPTIONS, and
    glibc's, as `glibc.malloc.tcache_count=7`."""
    ours = [option for option in options if not option.startswith("glibc.")]
    tunables = ":".join(option for option in options if option not in ours)
    flags = [f"--Xcc=-fplugin={tools.plugin}"]
    flags += [f"--Xcc=-fplugin-arg-reopt-{option}" for option in ours]
    return ReplEngine(name, flags, tools, make_launcher(tunables))


def make_launcher(tunables: str = "") -> list[str]:
    """What `reopt repl` starts clang-repl with. The script says, which runs us."""
    tunables = tunables or os.environ.get("REOPT_TUNABLES", "")
    return ["env", f"GLIBC_TUNABLES={tunables}"] if tunables else []


def make_engines(
    names: list[str], tools: Tools, folder: Path | None
) -> list[Engine]:
    """`folder` is where AOT keeps what it compiled."""
    engines: list[Engine] = []
    for name in names:
        if name == REOPT:
            engines.append(make_reopt(tools))
        elif name == STOCK:
            engines.append(ReplEngine(name, [], tools))
        elif name == STOCK_O3:
            engines.append(ReplEngine(name, ["--Xcc=-O3"], tools))
        else:
            engines.append(AheadOfTimeEngine(tools, folder))
    return engines


def make_parser(tools: Tools) -> ReplEngine:
    return ReplEngine(PARSER, ["--Xcc=-fsyntax-only"], tools)


def _complete(run: SessionRun, marks: int, calls: int) -> SessionRun:
    if run.checksum is None:
        raise SessionFailure("the session ended before its report")
    if len(run.marks) != marks or len(run.calls) != calls:
        raise SessionFailure(
            f"{len(run.marks)} of {marks} marks, {len(run.calls)} of {calls} calls"
        )
    return run
