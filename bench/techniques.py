#!/usr/bin/env python3
"""Measures what each technique brings: sessions without it against the default.

Each kernel and each input set runs with the plugin as it is and then with one
technique turned off by an option, in turn; ratios are taken between neighbours.
Above 1, the session is slower without it, so the technique pays. The exit code
is 1 when two of them disagree about an answer or one fails, 2 for wrong usage,
and 0 otherwise.
"""

from __future__ import annotations

import dataclasses
import sys

import session
from reopt_bench import command_line, figures, programs, report
from reopt_bench.engines import REOPT, ReplEngine, make_reopt
from reopt_bench.figures import LATENCY, SESSION, STEADY, TO_STEADY
from reopt_bench.figures import Figure, Measurements, Table
from reopt_bench.grid import Column, Grid
from reopt_bench.machine import describe_machine
from reopt_bench.programs import Program
from reopt_bench.progress import Progress
from reopt_bench.turns import run_in_turns

# What is turned off, and how. Some are hidden options, made for this.
TECHNIQUES = {
    "inlining across inputs": ["max-import=0"],
    "the caller of what trips is compiled": ["small=0"],
    "loop iterations count as calls do": ["loop-factor=1000000"],
    "running loops go on at -O3": ["osr=off"],
    "a compile makes several functions": ["max-batch=1", "batch-window=0"],
    "it waits for more trips": ["batch-window=0"],
    "warm callees come along": ["warm=100"],
    "vtables lead to bodies": ["direct-tables=off"],
    "loops begin at a cache line": ["align-loops=off"],
    "tier 0 has its own code generator": ["baseline=off"],
    "tier 0 compiles callees along": ["group=1"],
    "tier 0 has the library inlined": ["inline-library=0"],
    "what nobody uses is not emitted": ["large-input=1000000"],
    "malloc keeps more for a thread": ["glibc.malloc.tcache_count=7"],
}


def over_default(figure: Figure) -> Figure:
    return dataclasses.replace(figure, reference=REOPT)


KERNEL_FIGURES = [over_default(figure) for figure in (STEADY, TO_STEADY, SESSION)]
INPUT_SET_FIGURES = [
    dataclasses.replace(over_default(LATENCY), title="latency of input sets")
]


def main() -> int:
    parser = command_line.make_parser("techniques", __doc__)
    command_line.add_plugin(parser)
    parser.add_argument("--kernel", nargs="+", metavar="NAME", help="only these")
    parser.add_argument(
        "--technique", nargs="+", metavar="WORD", default=[""],
        help="only those that have one of the words in their names or options",
    )  # fmt: skip
    command_line.add_quick(parser, "few kernels and calls")
    parser.add_argument(
        "--cpu-time", action="store_true",
        help="for a busy machine: steady state and input sets in CPU time",
    )  # fmt: skip
    parser.add_argument("--repeat", type=int, help=f"default {session.REPEATS}")
    parser.add_argument(
        "--calls", type=int, help=f"of kernel_run(), default {session.CALLS}"
    )
    command_line.add_json(parser)
    arguments = parser.parse_args()
    session.set_defaults(parser, arguments)
    quick = arguments.quick and not arguments.kernel
    kernels = command_line.pick(
        parser, "kernel", programs.load_kernels(),
        session.QUICK_KERNELS if quick else arguments.kernel,
    )  # fmt: skip
    input_sets = command_line.pick(
        parser, "input set", programs.load_input_sets(),
        session.QUICK_INPUT_SETS if quick else [] if arguments.kernel else None,
    )  # fmt: skip
    techniques = {
        name: options
        for name, options in TECHNIQUES.items()
        if any(word in " ".join([name, *options]) for word in arguments.technique)
    }
    if not techniques:
        parser.error(f"no such technique; there are {', '.join(TECHNIQUES)}")
    tools = command_line.make_tools(parser, arguments, session.TIMEOUT_S)

    machine = describe_machine(tools.clang_repl)
    engines = [make_reopt(tools)]
    engines += [make_reopt(tools, name, opts) for name, opts in techniques.items()]
    measurements = measure(engines, kernels, input_sets, arguments)
    tables = make_tables(measurements, input_sets, arguments.cpu_time)
    faults = command_line.fault_lines(measurements)
    heading = command_line.make_heading(
        machine,
        f"{arguments.repeat} repeats of {arguments.calls} calls, ",
        "without a technique / with all; above 1 it pays",
        arguments.quick,
    )
    if arguments.cpu_time:
        heading.append("steady state and input sets: CPU time of the running thread")
    grid = make_grid(techniques, tables)
    everything = {
        "machine": machine, "repeats": arguments.repeat, "faults": faults,
        "techniques": techniques,
        "figures": [report.table_as_json(table) for table in tables],
    }  # fmt: skip
    command_line.write_json(arguments, everything)
    command_line.write_markdown(arguments, heading, grid.as_markdown(), *faults)
    print("\n\n".join(["\n".join(heading), grid.as_text(), *faults]))
    return 1 if faults else 0


def measure(
    engines: list[ReplEngine],
    kernels: list[Program],
    input_sets: list[Program],
    arguments,
) -> Measurements:
    harness = programs.load_harness()
    measurements = Measurements({}, {})
    progress = Progress(arguments.repeat * len(engines) * len(kernels + input_sets))

    def run_all(program: Program, run):
        return run_in_turns(
            program.name, engines, arguments.repeat, run, progress,
            measurements.failures,
        )  # fmt: skip

    for kernel in kernels:
        measurements.kernels[kernel.name] = run_all(
            kernel, lambda e: e.run_kernel(harness, kernel, arguments.calls)
        )
    for input_set in input_sets:
        measurements.input_sets[input_set.name] = run_all(
            input_set, lambda e: e.run_input_set(harness, input_set)
        )
    progress.finish()
    return measurements


def make_tables(
    measurements: Measurements, input_sets: list[Program], cpu_time: bool
) -> list[Table]:
    def fill(table: Table, runs_by_program, take) -> Table:
        for program, by_engine in runs_by_program.items():
            for engine, runs in by_engine.items():
                repeats = [take(program, run) if run else {} for run in runs]
                table.add(program, engine, repeats)
        return table

    sets = {input_set.name: input_set for input_set in input_sets}
    return [
        fill(
            Table(KERNEL_FIGURES, []),
            measurements.kernels,
            lambda _, run: figures.kernel_times(run, cpu_time),
        ),
        fill(
            Table(INPUT_SET_FIGURES, []),
            measurements.input_sets,
            lambda name, run: figures.input_set_times(run, None, sets[name], cpu_time),
        ),
    ]


def make_grid(techniques: dict[str, list[str]], tables: list[Table]) -> Grid:
    """A row for each technique: the mean, and the programs at both ends."""
    columns = [Column("turned off", "by", [" ".join(o) for o in techniques.values()])]
    for table in tables:
        for figure in table.figures if table.programs else []:
            title = f"{figure.title} / default"
            rows = [ends(table, figure, technique) for technique in techniques]
            for name, cells in zip(["mean", "least", "most"], zip(*rows)):
                columns.append(Column(title, name, list(cells)))
    return Grid("technique", list(techniques), columns)


def ends(table: Table, figure: Figure, technique: str) -> tuple[str, str, str]:
    """The geometric mean, and the least and the largest with their programs."""
    found = sorted(
        (value, program)
        for program in table.programs
        if (value := table.shown(figure, program, technique)) is not None
    )
    mean = table.geometric_mean(figure, technique)
    if not found or mean is None:
        return "-", "-", "-"
    (least, low), (most, high) = found[0], found[-1]
    return f"{mean:.2f}", f"{least:.2f} {low}", f"{most:.2f} {high}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
