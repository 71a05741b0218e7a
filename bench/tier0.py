#!/usr/bin/env python3
"""Measures what counting costs tier 0: the same code with it and without.

Each kernel runs in tier 0 only, in turn with counting that never trips and with
none. The hidden option `count` takes nothing else away: stubs, groups and the
level of code generation stay. The exit code is 1 when the two disagree about an
answer or one fails, 2 for wrong usage, and 0 otherwise, whether or not the
target is met.
"""

from __future__ import annotations

import json
import statistics
import sys
from argparse import ArgumentParser
from pathlib import Path

from reopt_bench import figures, programs, report, targets
from reopt_bench.engines import ReplEngine, Tools, check_plugin, make_reopt
from reopt_bench.figures import Figure, Measurements, Table
from reopt_bench.machine import busy_lines, describe_machine, machine_line
from reopt_bench.programs import Program
from reopt_bench.progress import Progress
from reopt_bench.sessions import SessionFailure, SessionRun, run_session
from reopt_bench.targets import Target
from reopt_bench.turns import run_in_turns

CALLS, REPEATS, TIMEOUT_S = 30, 11, 120
QUICK_CALLS, QUICK_REPEATS = 10, 1
LIMIT = 1.05
COUNTING, PLAIN = "counting", "without"
# Enough that nothing trips in the calls of a session, and loops do not poll.
OPTIONS = {COUNTING: ["threshold=1000000000"], PLAIN: ["count=off"]}

CALL = Figure(
    "call",
    "call in tier 0",
    PLAIN,
    "CPU time of the median call of a session; the first third of the calls is "
    "left out",
)


def main() -> int:
    parser = ArgumentParser(
        prog="reopt bench tier0", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--plugin", type=Path, required=True, help="ClangReopt.so")
    parser.add_argument("--kernel", nargs="+", metavar="NAME", help="only these")
    parser.add_argument(
        "--quick", action="store_true", help="few repeats: shows that all works"
    )
    parser.add_argument("--repeat", type=int, help=f"default {REPEATS}")
    parser.add_argument("--calls", type=int, help=f"of a session, default {CALLS}")
    parser.add_argument("--clang-repl", default="clang-repl-22", metavar="PATH")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table")
    arguments = parser.parse_args()
    repeats = arguments.repeat or (QUICK_REPEATS if arguments.quick else REPEATS)
    calls = arguments.calls or (QUICK_CALLS if arguments.quick else CALLS)
    if repeats < 1 or not 1 <= calls <= programs.MAX_CALLS:
        parser.error(f"--repeat: 1 and more; --calls: 1 to {programs.MAX_CALLS}")
    kernels = programs.load_kernels()
    if arguments.kernel:
        names = {kernel.name for kernel in kernels}
        if unknown := [name for name in arguments.kernel if name not in names]:
            parser.error(f"no kernel {unknown[0]}; there are {', '.join(sorted(names))}")
        kernels = [kernel for kernel in kernels if kernel.name in arguments.kernel]
    tools = Tools(arguments.clang_repl, "", arguments.plugin, TIMEOUT_S)
    try:
        check_plugin(tools)
    except SessionFailure as failure:
        parser.error(f"{tools.plugin} does not work: {failure}")

    machine = describe_machine(tools.clang_repl)
    measurements = measure(kernels, tools, calls, repeats)
    table = call_table(measurements)
    rows = [judge(table)]
    faults = [f"FAILED  {line}" for line in measurements.failures]
    faults += [
        f"WRONG ANSWER  {line}" for line in figures.checksum_mismatches(measurements)
    ]
    heading = [
        machine_line(machine),
        f"run: {{date}}, {repeats} repeats of {calls} calls, "
        "load average {load}".format(**machine),
        *busy_lines(machine),
    ]
    if arguments.quick:
        heading.append("a quick run: it shows that all works, not how fast it is")
    meaning = f"{CALL.title}: {CALL.meaning}"
    grid = report.make_grid(table, "kernel", [(CALL, PLAIN)])
    if arguments.json:
        everything = {
            "machine": machine, "repeats": repeats, "calls": calls,
            "faults": faults, "figures": report.table_as_json(table),
        }  # fmt: skip
        arguments.json.write_text(json.dumps(everything, indent=1) + "\n")
    if arguments.markdown:
        blocks = ["  \n".join(heading), grid.as_markdown(), f"- {meaning}"]
        blocks += [targets.as_markdown(rows, details=True), *faults]
        arguments.markdown.write_text("\n\n".join(blocks) + "\n")
    blocks = ["\n".join(heading), grid.as_text(), meaning, targets.as_text(rows)]
    print("\n\n".join(blocks + faults))
    return 1 if faults else 0


def measure(
    kernels: list[Program], tools: Tools, calls: int, repeats: int
) -> Measurements:
    harness = programs.load_harness()
    rivals = [make_reopt(tools, name, options) for name, options in OPTIONS.items()]
    measurements = Measurements({}, {})
    progress = Progress(repeats * len(kernels) * len(rivals))

    def run(rival: ReplEngine, kernel: Program) -> SessionRun:
        text = programs.tier_zero_session(harness, kernel, calls)
        done = run_session(rival.command, text, rival.timeout)
        if done.checksum is None or len(done.calls) != calls:
            raise SessionFailure("the session ended before its report")
        return done

    for kernel in kernels:
        measurements.kernels[kernel.name] = run_in_turns(
            kernel.name,
            rivals,
            repeats,
            lambda rival: run(rival, kernel),
            progress,
            measurements.failures,
        )
    progress.finish()
    return measurements


def call_table(measurements: Measurements) -> Table:
    """CPU time: what else the machine does is in the wall's clock."""
    table = Table([CALL], list(OPTIONS))
    for kernel, by_engine in measurements.kernels.items():
        for engine, runs in by_engine.items():
            repeats = [{CALL.key: median_call(run)} if run else {} for run in runs]
            table.add(kernel, engine, repeats)
    return table


def median_call(run: SessionRun) -> float:
    """In ms."""
    durations = figures.call_durations(run, cpu_time=True)
    return statistics.median(durations[len(durations) // 3 :])


def judge(table: Table) -> Target:
    ratios = {p: r for p in table.programs if (r := table.shown(CALL, p, COUNTING))}
    worst = max(ratios, key=ratios.__getitem__, default="")
    return Target(
        "tier 0 with counting / without, geometric mean",
        LIMIT,
        "",
        table.geometric_mean(CALL, COUNTING),
        f"{len(ratios)} of {len(table.programs)} kernels; worst {worst}",
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
