#!/usr/bin/env python3
"""Measures loops that run once: on-stack replacement against its rivals.

Each shape in bench/osr/ is a loop that is typed at the prompt, or a function
that is called once. Its size is chosen so that it takes a given time ahead of
time at -O3. Then the same text runs ahead of time, in the stock session and in
the tiered one, in turn. The exit code is 1 when two engines disagree about an
answer or one fails, 2 for wrong usage, and 0 otherwise, whether or not the
targets are met.
"""

from __future__ import annotations

import dataclasses
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from reopt_bench import command_line, targets
from reopt_bench.engines import AOT, REOPT, STOCK, make_launcher
from reopt_bench.grid import Column, Grid
from reopt_bench.machine import describe_machine
from reopt_bench.programs import ROOT, Program, load_harness, split_inputs
from reopt_bench.progress import Progress
from reopt_bench.sessions import SessionFailure, run_session
from reopt_bench.targets import Target

LONG_S, SHORT_S = 1.0, 0.1
ALLOWANCE_S = 0.050
LONG_LIMIT, SHORT_LIMIT, POLL_LIMIT = 1.05, 1.10, 1.08
POLLS, NO_POLLS = "tier 0, polls", "tier 0, none"
TIMEOUT_S = 120


@dataclasses.dataclass(frozen=True)
class Shape:
    name: str
    before: str  # definitions, in inputs
    loop: str
    result: str
    refused: bool  # it cannot be continued
    in_function: bool  # the loop is in a function, not at the prompt

    @staticmethod
    def load(file: Path) -> Shape:
        text = file.read_text()
        before, rest = text.split("//--- loop\n")
        loop, result = rest.split("//--- result\n")
        return Shape(
            file.stem, before, loop, result.strip(),
            text.startswith("// refused"), "for (" not in loop and "while" not in loop,
        )  # fmt: skip

    def steps(self) -> tuple[str, str]:
        """Statements before and after the loop."""
        clocks = "bench_clock(CLOCK_MONOTONIC)", "bench_clock(CLOCK_THREAD_CPUTIME_ID)"
        return (
            "bench_calls[0].cpu = {1}; bench_calls[0].start = {0};".format(*clocks),
            "bench_calls[0].end = {0}; bench_calls[0].cpu = {1} - bench_calls[0].cpu; "
            "bench_call_count = 1; bench_check({2}); bench_report();".format(
                *clocks, self.result
            ),
        )

    def session(self, harness: Program, commands: list[str]) -> str:
        start, end = self.steps()
        lines = harness.inputs + ["#include <stdlib.h>"]
        lines.append('long n = atol(getenv("BENCH_N"));')
        lines += split_inputs(self.before, self.name) + commands
        # Have what the last statement needs compiled before the clock runs.
        lines += ["bench_clock(CLOCK_MONOTONIC) + bench_clock(CLOCK_REALTIME);", start]
        lines += split_inputs(self.loop, self.name) + [end, "%quit"]
        return "\n".join(lines) + "\n"

    def ahead_of_time(self, harness: Program) -> str:
        start, end = self.steps()
        return (
            f"{harness.text}\n#include <stdlib.h>\nlong n;\n{self.before}\n"
            'int main() {\nn = atol(getenv("BENCH_N"));\n'
            f"{start}\n{self.loop}\n{end}\n}}\n"
        )


class Bench:
    def __init__(self, arguments, folder: Path):
        self.arguments, self.folder = arguments, folder
        self.harness = load_harness()
        self.answers: dict[tuple[str, int], set[int]] = {}

    def run(self, shape: Shape, engine: str, n: int) -> float:
        """Seconds that the loop took."""
        options, commands = os.environ.get("REOPT_OPTIONS", ""), []
        if engine in (POLLS, NO_POLLS):
            commands = ["%reopt off"]
            options += f" osr={'on' if engine == POLLS else 'off'}"
        if engine == AOT:
            command, text = [str(self.compiled(shape))], ""
        else:
            command = [self.arguments.clang_repl]
            if engine != STOCK:
                plugin = f"--Xcc=-fplugin={self.arguments.plugin}"
                command = [*make_launcher(), *command, plugin]
            text = shape.session(self.harness, commands)
        os.environ["BENCH_N"] = str(n)
        before, os.environ["REOPT_OPTIONS"] = os.environ.get("REOPT_OPTIONS"), options
        try:
            done = run_session(command, text, self.arguments.timeout)
        finally:
            os.environ.pop("REOPT_OPTIONS")
            if before is not None:
                os.environ["REOPT_OPTIONS"] = before
        if done.checksum is None or len(done.calls) != 1:
            raise SessionFailure("the session ended before its report")
        self.answers.setdefault((shape.name, n), set()).add(done.checksum)
        call = done.calls[0]
        return (call.cpu if self.arguments.cpu_time else call.end - call.start) / 1e9

    def compiled(self, shape: Shape) -> Path:
        executable = self.folder / shape.name
        if not executable.exists():
            source = executable.with_suffix(".cpp")
            source.write_text(shape.ahead_of_time(self.harness))
            done = subprocess.run(
                [self.arguments.clangxx, "-O3", str(source), "-o", str(executable)],
                capture_output=True, text=True,
            )  # fmt: skip
            if done.returncode:
                raise SessionFailure(f"does not compile: {done.stderr.strip()}")
        return executable

    def calibrate(self, shape: Shape) -> float:
        """The n with which AOT takes a second."""
        n = 1
        while (seconds := self.run(shape, AOT, n)) < 0.2 and n < 1 << 40:
            n *= 2 if seconds > 0.05 else 4
        return n * LONG_S / seconds

    def measure(self, shape: Shape, engines: list[str], n: int) -> dict[str, float]:
        """Median of each engine's times, taken in turn."""
        times: dict[str, list[float]] = {engine: [] for engine in engines}
        for _ in range(self.arguments.repeat):
            for engine in engines:
                times[engine].append(self.run(shape, engine, n))
        return {engine: median(values) for engine, values in times.items()}


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def main() -> int:
    parser = command_line.make_parser("osr", __doc__)
    command_line.add_plugin(parser)
    parser.add_argument("--shape", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cpu-time", action="store_true",
                        help="for a busy machine: CPU time of the main thread")  # fmt: skip
    parser.add_argument("--timeout", type=float, default=TIMEOUT_S, metavar="SECONDS")
    command_line.add_json(parser)
    parser.add_argument("--clangxx", default="clang++-22", metavar="PATH")
    arguments = parser.parse_args()
    shapes = [Shape.load(file) for file in sorted((ROOT / "osr").glob("*.cpp"))]
    shapes = command_line.pick(parser, "shape", shapes, arguments.shape)

    progress = Progress(3 * len(shapes))
    results: dict[str, dict[str, dict[str, float]]] = {}
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="reopt-bench-") as folder:
        bench = Bench(arguments, Path(folder))
        for shape in shapes:
            result = results.setdefault(shape.name, {})
            try:
                n = bench.calibrate(shape)
                progress.step(shape.name, "1 s", 0)
                result["long"] = bench.measure(
                    shape, [AOT, REOPT], max(1, round(n * LONG_S)))  # fmt: skip
                progress.step(shape.name, "0.1 s", 0)
                short = max(1, round(n * SHORT_S))
                result["short"] = bench.measure(shape, [AOT, REOPT, STOCK], short)
                progress.step(shape.name, "polls", 0)
                if shape.in_function:
                    result["polls"] = bench.measure(shape, [POLLS, NO_POLLS], short)
            except SessionFailure as failure:
                failures.append(f"{shape.name}: {failure}")
    progress.finish()
    failures += [
        f"{name}: engines disagree with n = {n}"
        for (name, n), answers in bench.answers.items() if len(answers) > 1
    ]  # fmt: skip
    grid, rows = judge(shapes, results, arguments)
    machine = describe_machine(arguments.clang_repl)
    heading = command_line.make_heading(
        machine, f"each engine {arguments.repeat} times, "
    )
    print("\n\n".join(["\n".join(heading), grid.as_text(), targets.as_text(rows)]))
    for failure in failures:
        print(f"FAILED {failure}")
    tables = [grid.as_markdown(), targets.as_markdown(rows, details=True)]
    command_line.write_markdown(arguments, heading, *tables)
    command_line.write_json(arguments, {"results": results, "failures": failures})
    return 1 if failures else 0


def judge(
    shapes: list[Shape], results: dict, arguments
) -> tuple[Grid, list[Target]]:
    def cell(shape: Shape, part: str, engine: str) -> str:
        times = results[shape.name].get(part)
        return f"{times[engine] * 1000:.0f}" if times and engine in times else "-"

    def over(shape: Shape, part: str, limit: float) -> str:
        """By how much the target is missed."""
        times = results[shape.name].get(part)
        if shape.refused or not times:
            return "refused" if shape.refused else "-"
        most = times[AOT] * limit + ALLOWANCE_S
        return "met" if times[REOPT] <= most else f"{times[REOPT] / most:.2f} x"

    def ratio(shape: Shape, part: str, engine: str, base: str) -> float | None:
        times = results[shape.name].get(part)
        return times[engine] / times[base] if times else None

    def show(value: float | None) -> str:
        return f"{value:.2f}" if value else "-"

    unit = "CPU ms" if arguments.cpu_time else "ms"
    title_long, title_short = f"1 s ahead of time, {unit}", f"0.1 s, {unit}"
    columns = [
        Column(title_long, AOT, [cell(s, "long", AOT) for s in shapes]),
        Column(title_long, REOPT, [cell(s, "long", REOPT) for s in shapes]),
        Column(title_long, "target", [over(s, "long", LONG_LIMIT) for s in shapes]),
        Column(title_short, AOT, [cell(s, "short", AOT) for s in shapes]),
        Column(title_short, REOPT, [cell(s, "short", REOPT) for s in shapes]),
        Column(title_short, STOCK, [cell(s, "short", STOCK) for s in shapes]),
        Column(title_short, "target", [over(s, "short", SHORT_LIMIT) for s in shapes]),
        Column("tier 0", "polls/none",
               [show(ratio(s, "polls", POLLS, NO_POLLS)) for s in shapes]),
    ]  # fmt: skip
    rows = [
        worst(shapes, results, "long", LONG_LIMIT, "1 s"),
        worst(shapes, results, "short", SHORT_LIMIT, "0.1 s"),
    ]
    if polls := [r for s in shapes if (r := ratio(s, "polls", POLLS, NO_POLLS))]:
        rows.append(
            Target(
                "tier-0 loops with polling / without, geometric mean",
                POLL_LIMIT,
                "",
                geometric_mean(polls),
            )
        )
    for shape in shapes:
        if shape.refused and (r := ratio(shape, "short", REOPT, STOCK)):
            rows.append(Target(f"{shape.name}, which is refused / stock", 1.0, "", r))
    return Grid("shape", [s.name for s in shapes], columns), rows


def worst(
    shapes: list[Shape], results: dict, part: str, limit: float, size: str
) -> Target:
    """The loop that takes longest for what it may take."""
    shares = {
        shape.name: times[REOPT] / (times[AOT] * limit + ALLOWANCE_S)
        for shape in shapes
        if not shape.refused and (times := results[shape.name].get(part))
    }
    text = (
        f"worst loop of {size} / ({limit:.2f} × ahead of time"
        f" + {ALLOWANCE_S * 1000:.0f} ms)"
    )
    if not shares:
        return Target(text, 1.0, "", None)
    name = max(shares, key=shares.__getitem__)
    met = sum(share <= 1 for share in shares.values())
    return Target(
        text, 1.0, "", shares[name], f"{name}; {met} of {len(shares)} loops meet it"
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
