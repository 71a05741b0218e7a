#!/usr/bin/env python3
"""Measures sessions: clang-repl with the plugin against its rivals, in one run.

For each kernel and each input set, every engine runs the same text in turn, a
few times; ratios are taken between neighbours (see `reopt_bench/figures.py` for
what each figure means). The exit code is 1 when two engines disagree about an
answer or an engine fails on a program, 2 for wrong usage, and 0 otherwise,
whether or not the targets are met.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from reopt_bench import command_line, figures, programs, report, targets
from reopt_bench.engines import (
    AOT,
    ENGINE_NAMES,
    REOPT,
    Engine,
    Tools,
    check_plugin,
    make_engines,
    make_parser,
)
from reopt_bench.machine import describe_machine
from reopt_bench.programs import Program
from reopt_bench.progress import Progress
from reopt_bench.sessions import SessionFailure, SessionRun
from reopt_bench.turns import run_in_turns

CALLS, REPEATS, TIMEOUT_S = 300, 3, 120
QUICK_CALLS, QUICK_REPEATS = 30, 1
PAUSE_S = 2.0
QUICK_KERNELS = ["exceptions", "fib", "helpers", "sort", "spectral_norm"]
QUICK_INPUT_SETS = ["small", "vectors"]


def main() -> int:
    parser = make_argument_parser()
    arguments = parser.parse_args()
    engine_names = choose_engines(parser, arguments)
    set_defaults(parser, arguments)
    kernels, input_sets = choose_programs(parser, arguments)
    tools = Tools(
        arguments.clang_repl, arguments.clangxx, arguments.plugin, arguments.timeout
    )

    if REOPT in engine_names:
        try:
            check_plugin(tools)
        except SessionFailure as failure:
            parser.error(f"{tools.plugin} does not work: {failure}")
    machine = describe_machine(tools.clang_repl)
    with tempfile.TemporaryDirectory(prefix="reopt-bench-") as folder:
        engines = make_engines(engine_names, tools, Path(folder))
        measurements = measure(engines, kernels, input_sets, tools, arguments)
    hook_p99_ns = measure_hook(arguments.hook_bench, measurements)

    cpu_time = arguments.cpu_time
    kernel_table = figures.kernel_table(measurements, engine_names, cpu_time)
    pause_table = figures.pause_table(measurements, engine_names, cpu_time)
    input_table = figures.input_set_table(
        measurements, input_sets, engine_names, cpu_time
    )
    results = report.Results(
        machine=machine,
        settings={
            "engines": engine_names,
            "repeat": arguments.repeat,
            "calls": arguments.calls,
            "quick": arguments.quick,
            "cpu_time": cpu_time,
            "reopt_options": os.environ.get("REOPT_OPTIONS", ""),
        },
        measurements=measurements,
        mismatches=figures.checksum_mismatches(measurements),
        kernels=kernel_table,
        pauses=pause_table,
        inputs=input_table,
        targets=targets.judge(kernel_table, pause_table, input_table, hook_p99_ns),
    )
    command_line.write_json(arguments, report.as_json(results, input_sets))
    if arguments.markdown:
        arguments.markdown.write_text(report.as_markdown(results))
    print(report.as_text(results))
    return 1 if report.faults(results) else 0


def make_argument_parser() -> ArgumentParser:
    parser = command_line.make_parser("session", __doc__)
    parser.add_argument(
        "--plugin", type=Path, help="ClangReopt.so; without it, reopt is left out"
    )
    parser.add_argument(
        "--engines", nargs="+", choices=ENGINE_NAMES, metavar="ENGINE",
        default=ENGINE_NAMES, help=f"which of {', '.join(ENGINE_NAMES)} to run",
    )  # fmt: skip
    parser.add_argument(
        "--kernel", nargs="+", metavar="NAME", default=None,
        help="run these kernels, and no others",
    )  # fmt: skip
    parser.add_argument(
        "--input-set", nargs="+", metavar="NAME", default=None,
        help="run these input sets, and no others",
    )  # fmt: skip
    command_line.add_quick(parser, "few kernels and calls, less than a minute")
    parser.add_argument(
        "--cpu-time", action="store_true",
        help="for a busy machine: steady state and input sets in CPU time",
    )  # fmt: skip
    parser.add_argument("--repeat", type=int, help=f"default {REPEATS}")
    parser.add_argument(
        "--calls", type=int, help=f"of kernel_run() in a session, default {CALLS}"
    )
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT_S, metavar="SECONDS",
        help=f"for one session, default {TIMEOUT_S}",
    )  # fmt: skip
    parser.add_argument(
        "--hook-bench", type=Path, metavar="PATH",
        help='an executable that prints {"hook_trip_p99_ns": N}',
    )  # fmt: skip
    command_line.add_json(parser)
    parser.add_argument("--clangxx", default="clang++-22", metavar="PATH")
    return parser


def choose_engines(parser: ArgumentParser, arguments: Namespace) -> list[str]:
    """Ends the program if what they need is not there."""
    names = [name for name in ENGINE_NAMES if name in arguments.engines]
    if REOPT in names and arguments.plugin is None:
        print("no --plugin: the engine reopt is left out", file=sys.stderr)
        names.remove(REOPT)
    if not names:
        parser.error("no engine is left to run")
    if REOPT in names and not arguments.plugin.is_file():
        parser.error(f"no such plugin: {arguments.plugin}")
    for tool in (arguments.clang_repl, arguments.clangxx):
        if shutil.which(tool) is None:
            parser.error(f"{tool} is not installed")
    return names


def set_defaults(parser: ArgumentParser, arguments: Namespace) -> None:
    """Those that depend on --quick."""
    quick = arguments.quick
    arguments.repeat = arguments.repeat or (QUICK_REPEATS if quick else REPEATS)
    arguments.calls = arguments.calls or (QUICK_CALLS if quick else CALLS)
    if not 1 <= arguments.calls <= programs.MAX_CALLS:
        parser.error(f"--calls must lie between 1 and {programs.MAX_CALLS}")
    if arguments.repeat < 1:
        parser.error("--repeat must be at least 1")


def choose_programs(
    parser: ArgumentParser, arguments: Namespace
) -> tuple[list[Program], list[Program]]:
    """The kernels and the input sets to run: the named ones, if any are named."""
    kernel_names, input_set_names = arguments.kernel, arguments.input_set
    if kernel_names or input_set_names:
        kernel_names = kernel_names or []
        input_set_names = input_set_names or []
    elif arguments.quick:
        kernel_names, input_set_names = QUICK_KERNELS, QUICK_INPUT_SETS
    if arguments.engines == [AOT]:
        input_set_names = []
    return (
        command_line.pick(parser, "kernel", programs.load_kernels(), kernel_names),
        command_line.pick(parser, "input set", programs.load_input_sets(), input_set_names),
    )


def measure(
    engines: list[Engine],
    kernels: list[Program],
    input_sets: list[Program],
    tools: Tools,
    arguments: Namespace,
) -> figures.Measurements:
    harness = programs.load_harness()
    session_engines = [engine for engine in engines if engine.compiles_inputs]
    session_engines.append(make_parser(tools))
    # Others compile nothing while they wait.
    pausing_engines = [engine for engine in engines if engine.name in (REOPT, AOT)]
    measurements = figures.Measurements({}, {})
    progress = Progress(
        arguments.repeat
        * (
            len(kernels) * (len(engines) + len(pausing_engines))
            + len(input_sets) * len(session_engines)
        )
    )

    def run_all(
        program: Program, rivals: list[Engine], run: Callable[[Engine], SessionRun]
    ) -> dict[str, list[SessionRun | None]]:
        return run_in_turns(
            program.name,
            rivals,
            arguments.repeat,
            run,
            progress,
            measurements.failures,
        )

    for kernel in kernels:
        measurements.kernels[kernel.name] = run_all(
            kernel, engines, lambda e: e.run_kernel(harness, kernel, arguments.calls)
        )
    for kernel in kernels:
        measurements.pauses[kernel.name] = run_all(
            kernel, pausing_engines, lambda e: e.run_paused(harness, kernel, PAUSE_S)
        )
    for input_set in input_sets:
        measurements.input_sets[input_set.name] = run_all(
            input_set, session_engines, lambda e: e.run_input_set(harness, input_set)
        )
    progress.finish()
    return measurements


def measure_hook(
    executable: Path | None, measurements: figures.Measurements
) -> float | None:
    if executable is None:
        return None
    try:
        return targets.run_hook_benchmark(executable)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        measurements.failures.append(f"{executable}: {error}")
        return None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
