#!/usr/bin/env python3
"""Measures what counting costs tier 0: the same code with it and without.

Each kernel runs in tier 0 only, in turn with counting that never trips, with
none, and with code that LLVM generates at its lowest level. The hidden option `count` takes nothing else away: stubs, groups and the
level of code generation stay. The exit code is 1 when the two disagree about an
answer or one fails, 2 for wrong usage, and 0 otherwise, whether or not the
target is met.
"""

from __future__ import annotations

import statistics
import sys

from reopt_bench import command_line, figures, programs, report, targets
from reopt_bench.engines import ReplEngine, Tools, make_reopt
from reopt_bench.figures import Figure, Measurements, Table
from reopt_bench.machine import describe_machine
from reopt_bench.programs import Program
from reopt_bench.progress import Progress
from reopt_bench.sessions import SessionFailure, SessionRun, run_session
from reopt_bench.targets import Target
from reopt_bench.turns import run_in_turns

CALLS, REPEATS, TIMEOUT_S = 30, 11, 120
QUICK_CALLS, QUICK_REPEATS = 10, 1
LIMIT = 1.05
COUNTING, PLAIN, BY_LLVM = "counting", "without", "counting, by LLVM"
# Enough that nothing trips in the calls of a session, and loops do not poll.
NEVER = "threshold=1000000000"
OPTIONS = {
    COUNTING: [NEVER],
    PLAIN: ["count=off"],
    BY_LLVM: [NEVER, "baseline=off"],
}

CALL = Figure(
    "call",
    "call in tier 0",
    PLAIN,
    "CPU time of the median call of a session; the first third of the calls is "
    "left out",
)


def main() -> int:
    parser = command_line.make_parser("tier0", __doc__)
    command_line.add_plugin(parser)
    parser.add_argument("--kernel", nargs="+", metavar="NAME", help="only these")
    command_line.add_quick(parser, "few repeats")
    parser.add_argument("--repeat", type=int, help=f"default {REPEATS}")
    parser.add_argument("--calls", type=int, help=f"of a session, default {CALLS}")
    command_line.add_json(parser)
    arguments = parser.parse_args()
    repeats = arguments.repeat or (QUICK_REPEATS if arguments.quick else REPEATS)
    calls = arguments.calls or (QUICK_CALLS if arguments.quick else CALLS)
    if repeats < 1 or not 1 <= calls <= programs.MAX_CALLS:
        parser.error(f"--repeat: 1 and more; --calls: 1 to {programs.MAX_CALLS}")
    kernels = command_line.pick(
        parser, "kernel", programs.load_kernels(), arguments.kernel
    )
    tools = command_line.make_tools(parser, arguments, TIMEOUT_S)

    machine = describe_machine(tools.clang_repl)
    measurements = measure(kernels, tools, calls, repeats)
    table = call_table(measurements)
    rows = [judge(table)]
    faults = command_line.fault_lines(measurements)
    heading = command_line.make_heading(
        machine, f"{repeats} repeats of {calls} calls, ", quick=arguments.quick
    )
    meaning = f"{CALL.title}: {CALL.meaning}"
    grid = report.make_grid(table, "kernel", [(CALL, PLAIN)])
    everything = {
        "machine": machine, "repeats": repeats, "calls": calls,
        "faults": faults, "figures": report.table_as_json(table),
    }  # fmt: skip
    command_line.write_json(arguments, everything)
    blocks = [grid.as_markdown(), f"- {meaning}"]
    blocks += [targets.as_markdown(rows, details=True), *faults]
    command_line.write_markdown(arguments, heading, *blocks)
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
