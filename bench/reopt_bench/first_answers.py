"""The time to the first answer of a session, with a prelude and without."""

from __future__ import annotations

from .engines import REOPT, STOCK, ReplEngine, Tools, make_engines
from .figures import Figure, Table
from .programs import Program
from .sessions import SessionFailure, SessionRun
from .targets import Target

WITH_PRELUDE = {STOCK: "stock, prelude", REOPT: "reopt, prelude"}
TARGET_PROGRAM, TARGET = "five_headers", 0.4

FIRST_ANSWER = Figure(
    "first_answer",
    "first answer",
    STOCK,
    "wall time from the start of the process until the answer is printed: start-up, "
    "headers, and the inputs up to it; with a prelude, finding it included",
)
CPU = Figure(
    "cpu",
    "CPU time",
    STOCK,
    "the same in CPU time of the process's main thread",
)


def make_rivals(
    names: list[str], tools: Tools, start: list[str], flags: list[str]
) -> list[ReplEngine]:
    """Each engine without a prelude, and with one, which `start` gives it."""
    rivals = []
    for engine in make_engines(names, tools, folder=None):
        engine.command += flags
        prelude = ReplEngine(WITH_PRELUDE[engine.name], [], tools)
        program = engine.command[len(engine.launcher) :]
        prelude.command = [*engine.launcher, *start, *program]
        rivals += [engine, prelude]
    return rivals


def run_first_answer(engine: ReplEngine, program: Program) -> SessionRun:
    run = engine.run_first_answer(program)
    if run.checksum is None or len(run.driver_marks) != 1:
        raise SessionFailure("the session ended before its answer")
    return run


def first_answer_table(
    programs: list[Program],
    runs: dict[str, dict[str, list[SessionRun | None]]],
    rivals: list[str],
) -> Table:
    table = Table([FIRST_ANSWER, CPU], rivals)
    for program in programs:
        for rival, repeats in runs[program.name].items():
            times = [_times(run) if run else {} for run in repeats]
            table.add(program.name, rival, times)
    return table


def _times(run: SessionRun) -> dict[str, float | None]:
    mark = run.driver_marks[0]
    return {
        FIRST_ANSWER.key: (mark.wall - run.started_ns) / 1e6,
        CPU.key: mark.cpu / 1e6,
    }


def judge(table: Table, build_s: float | None) -> list[Target]:
    rival = WITH_PRELUDE[REOPT]
    measured = None
    if TARGET_PROGRAM in table.programs:
        measured = table.shown(FIRST_ANSWER, TARGET_PROGRAM, rival)
    return [
        Target(
            "first answer of a session with five standard headers, prelude / stock",
            TARGET,
            "",
            measured,
        ),
        Target("building the prelude, once", None, "s", build_s),
    ]
