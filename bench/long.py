#!/usr/bin/env python3
"""Measures what becomes of a long session: its memory, and how soon it answers.

Ten inputs are typed over and over, each time with other names and numbers: five
statements, two loops, a function, a call of it, a variable. Each ten are timed
by the wall's clock, in the session. The engines take turns. The exit code is 1
when a session fails, 2 for wrong usage.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys

from reopt_bench import command_line, targets
from reopt_bench.engines import REOPT, STOCK, Tools, make_engines
from reopt_bench.grid import Column, Grid
from reopt_bench.machine import describe_machine
from reopt_bench.targets import Target

INPUTS, PERIOD, WINDOW, REPEATS = 10_000, 10, 1_000, 3
SETTING = r"""
extern "C" int printf(const char *, ...);
#include <stdio.h>
#include <time.h>
double marks[2000]; int mark_count = 0; long x = 0;
void mark() { timespec t; clock_gettime(CLOCK_MONOTONIC, &t); marks[mark_count++] = t.tv_sec * 1e3 + t.tv_nsec * 1e-6; }
long resident() { long all = 0, in_use = 0; FILE *f = fopen("/proc/self/statm", "r"); fscanf(f, "%ld %ld", &all, &in_use); fclose(f); return in_use * 4; }
long before = resident();
"""
TEN = """
x += {0};
x ^= {1};
for (int i = 0; i < 3; ++i) x += i;
x = x * 3 + {2};
int f{0}(int n) {{ return n + {3}; }}
x += f{0}({4});
for (int i = 0; i < 2; ++i) x ^= i;
int v{0} = {5};
x -= {6};
x &= 0xffffff;
mark();
"""
REPORT = r"""
printf("grown %ld\n", resident() - before);
for (int i = 0; i < mark_count; ++i) printf("mark %.6f\n", marks[i]);
%quit
"""


def main() -> int:
    parser = command_line.make_parser("long", __doc__)
    command_line.add_plugin(parser)
    parser.add_argument("--repeat", type=int, default=REPEATS)
    parser.add_argument("--inputs", type=int, default=INPUTS)
    arguments = parser.parse_args()
    if arguments.inputs < 2 * WINDOW or arguments.inputs > INPUTS:
        parser.error(f"--inputs: {2 * WINDOW} to {INPUTS}")
    tools = Tools(arguments.clang_repl, "", arguments.plugin, 600)
    engines = make_engines([STOCK, REOPT], tools, None)
    machine = describe_machine(tools.clang_repl)
    heading = command_line.make_heading(machine)
    runs: dict[str, list[dict[str, float]]] = {STOCK: [], REOPT: []}
    try:
        for _ in range(arguments.repeat):
            for engine in engines:
                runs[engine.name].append(run(engine.command, arguments.inputs))
    except (subprocess.SubprocessError, ValueError) as error:
        print(f"FAILED  {error}", file=sys.stderr)
        return 1

    def median(engine: str, key: str) -> float:
        return statistics.median(each[key] for each in runs[engine])

    names = [STOCK, REOPT]
    columns = [
        Column("ten inputs, ms", title, [f"{median(name, key):.2f}" for name in names])
        for title, key in [("the first 1,000", "first"), ("the last 1,000", "last")]
    ]
    columns.append(
        Column("ten inputs, ms", "last / first", [f"{median(n, 'ratio'):.2f}" for n in names])
    )
    columns.append(
        Column("memory", "grown by, MB", [f"{median(n, 'grown') / 1e3:.1f}" for n in names])
    )
    grid = Grid(f"{arguments.inputs:,} inputs", names, columns)
    rows = [
        Target("latency of the last 1,000 inputs / the first", 1.10, "", median(REOPT, "ratio")),
        Target(
            "memory that a session grows by / stock", 0.50, "",
            median(REOPT, "grown") / median(STOCK, "grown"),
        ),
    ]  # fmt: skip
    command_line.write_markdown(
        arguments, heading, grid.as_markdown(), targets.as_markdown(rows)
    )
    print("\n\n".join(["\n".join(heading), grid.as_text(), targets.as_text(rows)]))
    return 0


def session(inputs: int) -> str:
    tens = (TEN.format(*range(at, at + PERIOD)) for at in range(0, inputs, PERIOD))
    return SETTING + "".join(tens) + REPORT


def run(command: list[str], inputs: int) -> dict[str, float]:
    done = subprocess.run(
        command, input=session(inputs), text=True, check=True, timeout=600,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return read_report(done.stdout, inputs)


def read_report(text: str, inputs: int) -> dict[str, float]:
    """The median times of ten inputs in ms, and the memory in kB."""
    marks = [float(mark) for mark in re.findall(r"^mark (\S+)$", text, re.M)]
    if len(marks) != inputs // PERIOD:
        raise ValueError(f"{len(marks)} of {inputs // PERIOD} marks seen")
    times = [later - earlier for earlier, later in zip(marks, marks[1:])]
    first = statistics.median(times[: WINDOW // PERIOD])
    last = statistics.median(times[-WINDOW // PERIOD :])
    grown = float(re.search(r"^grown (\d+)$", text, re.M)[1])
    return {"first": first, "last": last, "ratio": last / first, "grown": grown}


if __name__ == "__main__":
    sys.exit(main())
