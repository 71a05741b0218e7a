#!/usr/bin/env python3
"""Measures what a trip of the hook costs the thread that trips.

The program that measures, `reopt-hook-bench`, is built beside the plugin; see
bench/hook.cpp for what its cases are. The exit code is 1 when the program fails,
2 for wrong usage, and 0 otherwise, whether or not the target is met.
"""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

from reopt_bench.grid import Column, Grid

TARGET_P99_NS = 2000
PERCENTILES = {"p50": "p50", "p90": "p90", "p99": "p99", "p999": "p99.9", "max": "max"}
TIMEOUT_S = 120


def main() -> int:
    parser = ArgumentParser(prog="reopt bench hook", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--plugin", type=Path, required=True,
        help="ClangReopt.so; bench/reopt-hook-bench is sought beside it",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything")
    arguments = parser.parse_args()
    program = arguments.plugin.resolve().parent / "bench" / "reopt-hook-bench"
    if not program.is_file():
        parser.error(f"no such program: {program} (it is the target {program.name})")

    try:
        done = subprocess.run(
            [str(program)], stdout=subprocess.PIPE, check=True, timeout=TIMEOUT_S
        )
        figures = json.loads(done.stdout)
        print(describe(figures))
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        print(f"{program.name}: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def describe(figures: dict) -> str:
    cases = figures["cases"]
    columns = [Column("", "trips", [str(case["trips"]) for case in cases])]
    columns += [
        Column("ns per trip", title, [str(case[f"{key}_ns"]) for case in cases])
        for key, title in PERCENTILES.items()
    ]
    table = Grid("case", [case["name"] for case in cases], columns).as_text()
    worst = figures["hook_trip_p99_ns"]
    verdict = "met" if worst <= TARGET_P99_NS else "missed"
    return (
        f"{table}\n\n"
        f"the clock's own {figures['clock_ns']} ns are taken off each sample\n"
        f"99th percentile, worst usual case: {worst / 1000:.2f} µs; "
        f"target: {TARGET_P99_NS / 1000:.0f} µs: {verdict}"
    )


if __name__ == "__main__":
    sys.exit(main())
