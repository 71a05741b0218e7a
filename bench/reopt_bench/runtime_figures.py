"""What Google Benchmark printed about runtime/, as figures with their targets."""

from __future__ import annotations

import re
import statistics

from .targets import Target

NS_PER_UNIT = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
FEW, MANY = 1000, 10000  # functions, as bench/runtime/Scale.cpp has them


class RuntimeFigures:
    """By benchmark, the median of its repetitions."""

    def __init__(self, printed: dict):
        runs: dict[str, list[dict]] = {}
        self.failures = []
        for run in printed["benchmarks"]:
            name = re.sub(r"/(iterations|repeats):\d+", "", run["run_name"])
            if run.get("error_occurred"):
                self.failures.append(f"{name}: {run['error_message']}")
            elif run["run_type"] == "iteration":
                runs.setdefault(name, []).append(run)
        self._runs = runs

    def get(self, name: str, field: str) -> float | None:
        """A counter, or `cpu_ns`: processor time of an iteration. None if the
        benchmark did not run, or failed once."""
        failed = any(failure.startswith(f"{name}: ") for failure in self.failures)
        if failed or name not in self._runs:
            return None
        return statistics.median(_field(run, field) for run in self._runs[name])

    def largest(self, group: str) -> str:
        """The benchmark of a group that has the most functions."""
        numbers = [
            int(name.removeprefix(f"{group}/"))
            for name in self._runs
            if name.startswith(f"{group}/")
        ]
        return f"{group}/{max(numbers, default=0)}"


def _field(run: dict, field: str) -> float:
    if field == "cpu_ns":
        return run["cpu_time"] * NS_PER_UNIT[run["time_unit"]]
    return run[field]


def judge(figures: RuntimeFigures, hook_p99_ns: float | None) -> list[Target]:
    return [
        *_calls(figures),
        Target("trip of the hook, 99th percentile", 2.0, "µs", _scaled(hook_p99_ns)),
        *_swaps(figures),
        *_stalls(figures),
        *_memory(figures),
        *_scale(figures),
    ]


def _calls(figures: RuntimeFigures) -> list[Target]:
    def beyond(text: str, name: str, base: str, limit: float | None) -> Target:
        more, less = figures.get(name, "cpu_ns"), figures.get(base, "cpu_ns")
        if more is None or less is None:
            return Target(text, limit, "ns", None)
        return Target(text, limit, "ns", more - less, f"{more:.2f} for {less:.2f}")

    return [
        beyond("call through a stub, beyond a direct call", "call/stub", "call/direct", 1),
        beyond("heat, each call counted", "call/heat", "call/direct", None),
        beyond("heat, each loop iteration counted", "loop/heat", "loop/plain", None),
        beyond("active executions, each call counted", "call/active", "call/direct", None),
    ]  # fmt: skip


def _swaps(figures: RuntimeFigures) -> list[Target]:
    rows = [
        ("swap: one stub redirected", "swap/redirect/1"),
        ("swap: 64 stubs redirected at once, each", "swap/redirect/64"),
        ("redefinition by code that is there, until told", "swap/redefine"),
        ("redefinition by an object, linked, until told", "swap/redefine-object"),
    ]
    targets = []
    for text, name in rows:
        duration = figures.get(name, "cpu_ns")
        rate = "" if duration is None else f"{1e9 / duration:,.0f} a second"
        targets.append(Target(text, None, "µs", _scaled(duration), rate))
    return targets


def _stalls(figures: RuntimeFigures) -> list[Target]:
    ours, llvm = figures.largest("stall/ours"), figures.largest("stall/llvm")
    percentiles = {"median": "p50", "99th percentile": "p99",
                   "99.9th percentile": "p999", "longest": "max"}  # fmt: skip
    kinds = {"stall of a hot caller": "stall", "stall near trip and swap": "near"}
    floors = {"stall": "floor", "near": "floor_near"}
    targets = []
    for text, kind in kinds.items():
        mine, theirs = (figures.get(n, f"{kind}_p999_ns") for n in (ours, llvm))
        count = figures.get(ours, "functions")
        targets.append(
            Target(
                f"{text}, 99.9th percentile, ours / LLVM's layer",
                1.0,
                "‰",
                None if mine is None or not theirs else 1000 * mine / theirs,
                "" if count is None else f"{count:.0f} functions each",
            )
        )
        for owner, name in (("ours", ours), ("LLVM's layer", llvm)):
            for words, key in percentiles.items():
                floor = figures.get(name, f"{floors[kind]}_{key}_ns")
                targets.append(
                    Target(
                        f"{text}, {owner}, {words}",
                        None,
                        "µs",
                        _scaled(figures.get(name, f"{kind}_{key}_ns")),
                        ""
                        if floor is None
                        else f"nothing compiled: {floor / 1000:.2f}",
                    )
                )
    for owner, name in (("ours", ours), ("LLVM's layer", llvm)):
        targets.append(
            Target(
                f"times that a hot caller waited by itself, {owner}",
                None,
                "",
                figures.get(name, "waits"),
                "of several thousand calls of each function",
            )
        )
    return targets


def _memory(figures: RuntimeFigures) -> list[Target]:
    def row(text: str, name: str, field: str, limit: float | None) -> Target:
        bytes_of_orc = figures.get(name, "of_orc")
        detail = ""
        if field == "ours" and bytes_of_orc is not None:
            detail = f"beside {bytes_of_orc:.0f} of ORC's, {figures.get(name, 'total'):.0f} in all"
        return Target(text, limit, "bytes", figures.get(name, field), detail)

    redefinable, lazy, layer = (
        f"memory/{name}" for name in ("redefinable", "redefinable-lazy", "layer")
    )
    return [
        row("memory, redefinable function, defined", redefinable, "ours_when_defined", 256),
        row("memory, redefinable function, redefined once", redefinable, "ours", 256),
        row("memory, lazy function, not called yet", lazy, "ours_when_defined", None),
        row("memory, lazy function, redefined, not called yet", lazy, "ours", None),
        row("memory, function of the layer, not called yet", layer, "ours_when_defined", None),
        row("memory, function of the layer, tier 1", layer, "ours", None),
    ]  # fmt: skip


def _scale(figures: RuntimeFigures) -> list[Target]:
    def row(text: str, group: str) -> Target:
        few, many = (
            None if time is None else time / count / 1000
            for count in (FEW, MANY)
            for time in [figures.get(f"{group}/{count}", "cpu_ns")]
        )
        if few is None or many is None:
            return Target(text, 1.2, "", None)
        return Target(text, 1.2, "", many / few, f"{many:.1f} µs for {few:.1f} µs each")

    return [
        row("10,000 redefinable functions / 1,000, each", "scale/redefinable"),
        row("10,000 functions of the layer / 1,000, each", "scale/layer"),
    ]


def _scaled(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1000
