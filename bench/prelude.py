#!/usr/bin/env python3
"""Measures the first answer of a session, with a precompiled prelude and without.

Every engine gets the same text in turn; ratios are taken between neighbours. The
prelude is built before, in a cache of its own. The exit code is 1 when two
engines disagree about an answer or one fails, 2 for wrong usage, and 0 otherwise,
whether or not the target is met.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from argparse import ArgumentParser
from pathlib import Path

from reopt_bench import figures, first_answers, programs, report, targets
from reopt_bench.engines import REOPT, STOCK, Tools, check_plugin
from reopt_bench.machine import busy_lines, describe_machine, machine_line
from reopt_bench.progress import Progress
from reopt_bench.sessions import SessionFailure
from reopt_bench.turns import run_in_turns

REPEATS, QUICK_REPEATS, TIMEOUT_S = 15, 3, 120


def main() -> int:
    parser = ArgumentParser(
        prog="reopt bench prelude", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--plugin", type=Path, required=True, help="ClangReopt.so")
    parser.add_argument("--with-prelude", type=Path, required=True, metavar="PATH")
    parser.add_argument(
        "--prelude", default="std", metavar="FILE", help="another one than std"
    )
    parser.add_argument(
        "--flag", action="append", default=[], metavar="FLAG",
        help="one that every session gets, such as --flag=-std=c++20",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true", help="few repeats: shows that all works"
    )
    parser.add_argument("--repeat", type=int, help=f"default {REPEATS}")
    parser.add_argument("--clang-repl", default="clang-repl-22", metavar="PATH")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table")
    arguments = parser.parse_args()
    repeats = arguments.repeat or (QUICK_REPEATS if arguments.quick else REPEATS)
    if repeats < 1:
        parser.error("--repeat must be at least 1")
    tools = Tools(arguments.clang_repl, "", arguments.plugin, TIMEOUT_S)
    try:
        check_plugin(tools)
    except SessionFailure as failure:
        parser.error(f"{tools.plugin} does not work: {failure}")

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
            if rival.command[: len(start)] == start
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
    faults = [f"FAILED  {line}" for line in measurements.failures]
    faults += [
        f"WRONG ANSWER  {line}" for line in figures.checksum_mismatches(measurements)
    ]
    heading = [
        machine_line(machine),
        f"run: {{date}}, {repeats} repeats, load average {{load}}".format(**machine),
        *busy_lines(machine),
    ]
    if arguments.prelude != "std" or arguments.flag:
        heading.append(" ".join([f"prelude {arguments.prelude}", *arguments.flag]))
    if arguments.quick:
        heading.append("a quick run: it shows that all works, not how fast it is")
    absolute = [(first_answers.FIRST_ANSWER, STOCK)]
    grid = report.make_grid(table, "session", absolute)
    if arguments.json:
        everything = {
            "machine": machine,
            "repeats": repeats,
            "build_s": build_s,
            "faults": faults,
            "figures": report.table_as_json(table),
        }
        arguments.json.write_text(json.dumps(everything, indent=1) + "\n")
    if arguments.markdown:
        meanings = "\n".join(f"- *{f.title}*: {f.meaning}" for f in table.figures)
        blocks = ["  \n".join(heading), grid.as_markdown(), meanings]
        blocks += [targets.as_markdown(rows), *faults]
        arguments.markdown.write_text("\n\n".join(blocks) + "\n")
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
