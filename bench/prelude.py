#!/usr/bin/env python3
"""Measures the first answer of a session, with a precompiled prelude and without.

Every engine gets the same text in turn; ratios are taken between neighbours. The
prelude is built before, in a cache of its own. The exit code is 1 when two
engines disagree about an answer or one fails, 2 for wrong usage, and 0 otherwise,
whether or not the target is met.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from reopt_bench import command_line, figures, first_answers, programs, report, targets
from reopt_bench.engines import REOPT, STOCK
from reopt_bench.machine import describe_machine
from reopt_bench.progress import Progress
from reopt_bench.turns import run_in_turns

REPEATS, QUICK_REPEATS, TIMEOUT_S = 15, 3, 120


def main() -> int:
    parser = command_line.make_parser("prelude", __doc__)
    command_line.add_plugin(parser)
    parser.add_argument("--with-prelude", type=Path, required=True, metavar="PATH")
    parser.add_argument(
        "--prelude", default="std", metavar="FILE", help="another one than std"
    )
    parser.add_argument(
        "--flag", action="append", default=[], metavar="FLAG",
        help="one that every session gets, such as --flag=-std=c++20",
    )  # fmt: skip
    command_line.add_quick(parser, "few repeats")
    parser.add_argument("--repeat", type=int, help=f"default {REPEATS}")
    command_line.add_json(parser)
    arguments = parser.parse_args()
    repeats = arguments.repeat or (QUICK_REPEATS if arguments.quick else REPEATS)
    if repeats < 1:
        parser.error("--repeat must be at least 1")
    tools = command_line.make_tools(parser, arguments, TIMEOUT_S)

    machine = describe_machine(tools.clang_repl)
    sessions = programs.load_first_answers()
    start = [str(arguments.with_prelude.resolve()), arguments.prelude]
    flags = [f"--Xcc={flag}" for flag in arguments.flag]
    rivals = first_answers.make_rivals([STOCK, REOPT], tools, start, flags)
    measurements = figures.Measurements({}, {})
    with tempfile.TemporaryDirectory(prefix="reopt-bench-") as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        build_s, _ = (
            build_prelude(rival.command)
            for rival in rivals
            if rival.name in first_answers.WITH_PRELUDE.values()
        )
        progress = Progress(repeats * len(sessions) * len(rivals))
        for session in sessions:
            measurements.input_sets[session.name] = run_in_turns(
                session.name,
                rivals,
                repeats,
                lambda rival: first_answers.run_first_answer(rival, session),
                progress,
                measurements.failures,
            )
        progress.finish()

    table = first_answers.first_answer_table(
        sessions, measurements.input_sets, [rival.name for rival in rivals]
    )
    rows = first_answers.judge(table, build_s)
    faults = command_line.fault_lines(measurements)
    heading = command_line.make_heading(machine, f"{repeats} repeats, ", quick=arguments.quick)
    if arguments.prelude != "std" or arguments.flag:
        heading.append(" ".join([f"prelude {arguments.prelude}", *arguments.flag]))
    absolute = [(first_answers.FIRST_ANSWER, STOCK)]
    grid = report.make_grid(table, "session", absolute)
    everything = {
        "machine": machine,
        "repeats": repeats,
        "build_s": build_s,
        "faults": faults,
        "figures": report.table_as_json(table),
    }
    command_line.write_json(arguments, everything)
    meanings = "\n".join(f"- *{f.title}*: {f.meaning}" for f in table.figures)
    blocks = [grid.as_markdown(), meanings, targets.as_markdown(rows), *faults]
    command_line.write_markdown(arguments, heading, *blocks)
    meanings = "\n".join(
        textwrap.fill(f"{f.title}: {f.meaning}", 100, subsequent_indent="  ")
        for f in table.figures
    )
    blocks = ["\n".join(heading), grid.as_text(), meanings, targets.as_text(rows)]
    print("\n\n".join(blocks + faults))
    return 1 if faults else 0


def build_prelude(command: list[str]) -> float:
    """The seconds that it takes, less those of a session that finds it built."""

    def run() -> float:
        started = time.monotonic()
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True
        )
        return time.monotonic() - started

    return run() - run()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
