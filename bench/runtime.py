#!/usr/bin/env python3
"""Measures runtime/ by itself: calls, counting, trips, swaps, stalls, memory.

Two programs measure: `reopt-runtime-bench`, whose sources in bench/runtime/ say
what each figure is, and `reopt-hook-bench`. The exit code is 1 when one of them
fails, 2 for wrong usage, and 0 otherwise, whether or not the targets are met.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from reopt_bench import command_line, targets
from reopt_bench.machine import describe_machine
from reopt_bench.runtime_figures import RuntimeFigures, judge

TIMEOUT_S = 3600
# All but what is there to be quick, and the other way round.
FULL, QUICK = "-stall/.*/100/", "-(stall/.*/2000|scale/layer/10000)/"

NOTES = [
    "Times are processor time of the thread that measures, medians of several runs.",
    "stall: the longest of the calls of a function from its second one until some "
    "thousand after it was compiled again at -O3 and replaced, less the median of the "
    "last thousand. Percentiles are over functions. Both layers get the same modules "
    "and pipeline. Time in which the kernel or the hypervisor ran something else, though "
    "this thread could run, is taken off; waiting for a lock is not. Interrupts remain: "
    "'nothing compiled' is the same figure for as many calls afterwards.",
    "memory: bytes that malloc gave out, its own headers included, and executor pages "
    "for stubs, slots, cells and lazy entries; less what plain ORC takes for the same "
    "symbols, trackers and objects, and the IR that is kept.",
]


def main() -> int:
    parser = command_line.make_parser("runtime", __doc__)
    parser.add_argument(
        "--programs", type=Path, required=True, metavar="DIR",
        help="where reopt-runtime-bench and reopt-hook-bench are",
    )  # fmt: skip
    command_line.add_quick(parser, "few functions, a minute or two")
    parser.add_argument(
        "--filter", metavar="REGEX", help="only these of Google Benchmark's names"
    )
    command_line.add_json(parser)
    arguments = parser.parse_args()
    program = arguments.programs / "reopt-runtime-bench"
    hook = arguments.programs / "reopt-hook-bench"
    for path in (program, hook):
        if not path.is_file():
            parser.error(f"no such program: {path} (it is the target {path.name})")

    machine = describe_machine(arguments.clang_repl)
    chosen = arguments.filter or (QUICK if arguments.quick else FULL)
    try:
        printed = run(program, chosen)
        figures = RuntimeFigures(printed)
        hook_p99_ns = targets.run_hook_benchmark(hook)
        rows = judge(figures, hook_p99_ns)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        print(f"{arguments.programs}: {error}", file=sys.stderr)
        return 1
    heading = command_line.make_heading(machine, quick=arguments.quick)
    everything = {"machine": machine, "hook_p99_ns": hook_p99_ns}
    everything["benchmarks"] = printed["benchmarks"]
    command_line.write_json(arguments, everything)
    table = targets.as_markdown(rows, details=True)
    command_line.write_markdown(arguments, heading, table)
    notes = [textwrap.fill(note, 100, subsequent_indent="  ") for note in NOTES]
    print("\n\n".join(["\n".join(heading), targets.as_text(rows), "\n".join(notes)]))
    for failure in figures.failures:
        print(f"FAILED  {failure}", file=sys.stderr)
    return 1 if figures.failures else 0


def run(program: Path, chosen: str) -> dict:
    done = subprocess.run(
        [
            str(program),
            "--benchmark_format=json",
            "--benchmark_enable_random_interleaving=true",
            f"--benchmark_filter={chosen}",
        ],
        stdout=subprocess.PIPE,
        check=True,
        timeout=TIMEOUT_S,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
