#!/usr/bin/env python3
"""Measures what an input costs before it does anything, and where the time goes.

A session gets the same kind of input some hundred times; the CPU time of all its
threads, less that of a session without them, is divided by their number. With
perf, samples of such a session are sorted by the first phase that their stack
shows. The exit code is 1 when a session fails, 2 for wrong usage.
"""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

from reopt_bench import command_line
from reopt_bench.engines import PARSER, REOPT, STOCK, Tools, make_parser
from reopt_bench.engines import ReplEngine, make_engines
from reopt_bench.grid import Column, Grid
from reopt_bench.machine import describe_machine

INPUTS, REPEATS = 300, 3
SETTING = ["int x = 0;", "int f(int n) { return n; }"]
# What is typed; {i} counts.
KINDS = {
    "empty": ";",
    "declaration": "int a{i};",
    "function": "int f{i}(int n) {{ return n + {i}; }}",
    "statement": "x = {i};",
    "call": "x = f({i});",
    "printed value": "x",
}
# Phases, innermost first: a sample belongs to the first whose names its stack has.
PHASES = {
    "code generation": r"legacy::|[MFB]PPassManager|reopt::baseline::",
    "linking": r"llvm::jitlink::",
    "other passes": r"llvm::PassManager|PassInstrumentation|PassBuilder",
    "clang's IR": r"clang::CodeGen|CodeGenerator",
    "parsing": r"clang::(Parser|Sema|Preprocessor|Lexer)",
    "the rest of the JIT": r"llvm::orc::|IncrementalExecutor|reopt::",
}
START = "start and end"
# Kinds whose phases are shown, and how many inputs give some hundred samples.
SAMPLED = {"empty": 3000, "statement": INPUTS, "printed value": INPUTS}


def main() -> int:
    parser = command_line.make_parser("fixed", __doc__)
    command_line.add_plugin(parser)
    parser.add_argument("--repeat", type=int, default=REPEATS)
    arguments = parser.parse_args()
    tools = Tools(arguments.clang_repl, "", arguments.plugin, 600)
    engines = [make_parser(tools), *make_engines([STOCK, REOPT], tools, None)]
    machine = describe_machine(tools.clang_repl)
    heading = command_line.make_heading(machine)
    try:
        grids = [measure_costs(engines, arguments.repeat)]
        if shutil.which("perf"):
            grids.append(measure_phases(engines[1:]))
        else:
            heading.append("no perf: where the time goes is left out")
    except subprocess.SubprocessError as error:
        print(f"FAILED  {error}", file=sys.stderr)
        return 1
    blocks = [grid.as_markdown() for grid in grids]
    command_line.write_markdown(arguments, heading, *blocks)
    print("\n\n".join(["\n".join(heading), *(grid.as_text() for grid in grids)]))
    return 0


def session(kind: str | None, count: int = INPUTS) -> bytes:
    lines = list(SETTING)
    if kind:
        lines += [KINDS[kind].format(i=i) for i in range(count)]
    return "\n".join([*lines, "%quit", ""]).encode()


def run(command: list[str], kind: str | None) -> float:
    """The CPU time of a session, in ms."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, input=session(kind), check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = [usage.ru_utime + usage.ru_stime for usage in (before, after)]
    return (times[1] - times[0]) * 1e3


def measure_costs(engines: list[ReplEngine], repeats: int) -> Grid:
    """Repeats go round all sessions; the least of each is taken."""
    runs: dict[tuple[str, str | None], list[float]] = {}
    for _ in range(repeats):
        for kind in [None, *KINDS]:
            for engine in engines:
                time_ms = run(engine.command, kind)
                runs.setdefault((engine.name, kind), []).append(time_ms)
    least = {key: min(times) for key, times in runs.items()}
    columns = []
    for engine in engines:
        name = "stock, parsing only" if engine.name == PARSER else engine.name
        start = least[engine.name, None]
        costs = [(least[engine.name, kind] - start) / INPUTS for kind in KINDS]
        cells = [f"{cost:.2f}" for cost in costs] + [f"{start:.0f}"]
        columns.append(Column("CPU time of an input, ms", name, cells))
    return Grid("input", [*KINDS, "a session without them"], columns)


def measure_phases(engines: list[ReplEngine]) -> Grid:
    columns = []
    for kind, count in SAMPLED.items():
        for engine in engines:
            shares = sample(engine.command, session(kind, count))
            inside = sum(n for phase, n in shares.items() if phase != START)
            cells = [f"{100 * shares[phase] / max(1, inside):.0f}" for phase in PHASES]
            columns.append(Column(f"{kind}, %", engine.name, cells + [str(inside)]))
    return Grid("phase", [*PHASES, "samples"], columns)


def sample(command: list[str], text: bytes) -> Counter[str]:
    with tempfile.TemporaryDirectory(prefix="reopt-bench-") as folder:
        data = f"{folder}/perf.data"
        subprocess.run(
            ["perf", "record", "-q", "-F", "400", "--call-graph", "dwarf,32768",
             "-o", data, *command],
            input=text, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        printed = subprocess.run(
            ["perf", "script", "--no-inline", "-i", data, "-F", "comm,ip,sym"],
            check=True, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ).stdout  # fmt: skip
    return sort_samples(printed)


def sort_samples(printed: str) -> Counter[str]:
    shares: Counter[str] = Counter()
    for stack in printed.split("\n\n"):
        if stack.strip():
            found = (phase for phase, names in PHASES.items() if re.search(names, stack))
            shares[next(found, START)] += 1
    return shares


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
