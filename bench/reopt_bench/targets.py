"""Figures to reach, whether a run reached them, and the tables that say so."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

from .engines import REOPT, STOCK
from .figures import (
    AFTER_PAUSE,
    JIT_TIME,
    SESSION,
    STEADY,
    TO_STEADY,
    Figure,
    Table,
)
from .programs import WIDE

LONG_SESSION_MS = 1000.0
HOOK_TIMEOUT_S = 120


@dataclasses.dataclass(frozen=True)
class Target:
    text: str
    limit: float | None  # None: it is shown, and has no target
    unit: str  # "" for a ratio
    measured: float | None  # None: this run does not say
    detail: str = ""  # where the figure comes from

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return "not measured"
        if self.limit is None:
            return ""
        return "met" if self.measured <= self.limit else "missed"


def as_text(targets: list[Target]) -> str:
    limits = [_limit(target) for target in targets]
    amounts = [_amount(target, target.measured) for target in targets]
    text, limit, amount, verdict = (
        max(map(len, column))
        for column in ([t.text for t in targets], limits, amounts, ["not measured"])
    )
    return "\n".join(
        f"{target.text:<{text}}   {left:<{limit}}   {right:>{amount}}"
        f"   {target.verdict:<{verdict}}   {target.detail}".rstrip()
        for target, left, right in zip(targets, limits, amounts)
    )


def as_markdown(targets: list[Target], details: bool = False) -> str:
    lines = ["| figure | target | measured | |", "| --- | --- | ---: | --- |"]
    for target in targets:
        remarks = [target.verdict] + [target.detail] * details
        lines.append(
            f"| {target.text} | {_limit(target)} "
            f"| {_amount(target, target.measured)} "
            f"| {'; '.join(filter(None, remarks))} |"
        )
    return "\n".join(lines)


def _limit(target: Target) -> str:
    return "" if target.limit is None else f"≤ {_amount(target, target.limit)}"


def _amount(target: Target, value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} {target.unit}".rstrip()


def run_hook_benchmark(executable: Path) -> float:
    """The 99th percentile of a trip of the hook, in ns.

    `executable` prints one JSON line with the member `hook_trip_p99_ns`.
    Raises OSError, ValueError, KeyError or subprocess.SubprocessError.
    """
    done = subprocess.run(
        [str(executable.resolve())],
        capture_output=True,
        text=True,
        check=True,
        timeout=HOOK_TIMEOUT_S,
    )
    return float(json.loads(done.stdout)["hook_trip_p99_ns"])


def judge(
    kernels: Table, pauses: Table, inputs: Table, hook_p99_ns: float | None
) -> list[Target]:
    worst_kernel, worst = _worst(kernels, STEADY)
    slowest_kernel, slowest = _worst(pauses, AFTER_PAUSE)
    long_sessions = [
        program
        for program in kernels.programs
        if (kernels.milliseconds(SESSION, program, STOCK) or 0) >= LONG_SESSION_MS
    ]
    return [
        _mean("steady state / ahead-of-time -O3", 1.0, kernels, STEADY, "kernels"),
        Target("steady state, worst kernel", 1.15, "", worst, worst_kernel),
        _mean("from the first call to steady state", 150.0, kernels, TO_STEADY, "kernels"),
        _mean(
            "first call after a pause of 2 s / ahead-of-time -O3",
            1.15,
            pauses,
            AFTER_PAUSE,
            "kernels",
        ),
        Target(
            "first call after a pause of 2 s, worst kernel",
            1.15,
            "",
            slowest,
            slowest_kernel,
        ),
        _mean("JIT time of inputs / stock", 0.35, inputs, JIT_TIME, "input sets"),
        Target(
            "JIT time of an input of 1,200 functions / stock",
            0.15,
            "",
            inputs.shown(JIT_TIME, WIDE, REOPT),
        ),
        Target(
            "whole session / stock, where stock needs 1 s or more",
            0.5,
            "",
            kernels.geometric_mean(SESSION, REOPT, long_sessions.__contains__),
            _count(kernels, SESSION, long_sessions, "kernels"),
        ),
        Target(
            "hook, per trip, 99th percentile",
            2.0,
            "µs",
            None if hook_p99_ns is None else hook_p99_ns / 1000,
        ),
    ]


def _mean(text: str, limit: float, table: Table, figure: Figure, noun: str) -> Target:
    """Of a ratio, or of times where the figure has no reference."""
    return Target(
        f"{text}, geometric mean",
        limit,
        "" if figure.reference else "ms",
        table.geometric_mean(figure, REOPT),
        _count(table, figure, table.programs, noun),
    )


def _count(table: Table, figure: Figure, programs: list[str], noun: str) -> str:
    """Of how many programs the mean is: fewer than there are if some failed."""
    measured = [p for p in programs if table.shown(figure, p, REOPT) is not None]
    return f"{len(measured)} of {len(programs)} {noun}"


def _worst(kernels: Table, figure: Figure) -> tuple[str, float | None]:
    values = {
        program: value
        for program in kernels.programs
        if (value := kernels.shown(figure, program, REOPT)) is not None
    }
    if not values:
        return "", None
    worst = max(values, key=values.get)
    return worst, values[worst]
