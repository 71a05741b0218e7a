"""The tables: aligned text for a terminal, the same in Markdown, and JSON."""

from __future__ import annotations

import dataclasses
import textwrap

from . import targets
from .engines import AOT, REOPT, STOCK, STOCK_O3
from .figures import AFTER_PAUSE, STEADY, Figure, Measurements, Table
from .grid import Column, Grid
from .machine import busy_lines, machine_line
from .programs import Program
from .sessions import SessionRun
from .targets import Target

# As the engines are headed in a table.
SHORT_NAMES = {REOPT: "reopt", STOCK: "stock", STOCK_O3: "-O3", AOT: "aot"}


@dataclasses.dataclass
class Results:
    """One benchmark, run and computed."""

    machine: dict[str, object]
    settings: dict[str, object]
    measurements: Measurements
    mismatches: list[str]
    kernels: Table
    pauses: Table
    inputs: Table
    targets: list[Target]


def make_grid(table: Table, corner: str, absolute: list[tuple[Figure, str]]) -> Grid:
    """`absolute`: figures of engines that are shown in ms before the ratios."""
    columns = []
    for figure, engine in absolute:
        if engine in table.engines:
            cells = [
                _number(table.milliseconds(figure, program, engine))
                for program in table.programs
            ]
            title = f"{figure.title}, ms"
            columns.append(Column(title, SHORT_NAMES.get(engine, engine), cells + [""]))
    for figure in table.figures:
        reference = SHORT_NAMES.get(figure.reference, figure.reference)
        unit = f" / {reference}" if reference else ", ms"
        for engine in table.engines_of(figure):
            cells = [
                _number(table.shown(figure, program, engine))
                for program in table.programs
            ]
            mean = _number(table.geometric_mean(figure, engine))
            columns.append(
                Column(figure.title + unit, SHORT_NAMES.get(engine, engine), cells + [mean])
            )
    return Grid(corner, table.programs + ["geometric mean"], columns)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def heading(results: Results) -> list[str]:
    machine, settings = results.machine, results.settings
    lines = [
        machine_line(machine),
        "run: {date}, {repeat} repeats of {calls} calls, load average {load}".format(
            **machine, **settings
        ),
    ]
    lines.append(
        "stock: clang-repl at -O0; -O3: clang-repl --Xcc=-O3; aot: clang++ -O3 ahead "
        "of time; a ratio below 1 is faster"
    )
    lines += busy_lines(machine)
    if settings["cpu_time"]:
        lines.append("steady state and input sets: CPU time of the running thread")
    if settings["reopt_options"]:
        lines.append(f"REOPT_OPTIONS: {settings['reopt_options']}")
    if settings["quick"]:
        lines.append("a quick run: it shows that all works, not how fast it is")
    return lines


def faults(results: Results) -> list[str]:
    lines = [f"WRONG ANSWER  {line}" for line in results.mismatches]
    return lines + [f"FAILED  {line}" for line in results.measurements.failures]


def make_grids(results: Results) -> list[tuple[Grid, Table]]:
    """The tables that have rows, each with what its figures are taken from."""
    grids = []
    if results.kernels.programs:
        absolute = [(STEADY, AOT), (STEADY, STOCK)]
        grid = make_grid(results.kernels, "kernel", absolute)
        grids.append((grid, results.kernels))
    if results.pauses.programs:
        absolute = [(AFTER_PAUSE, AOT), (AFTER_PAUSE, REOPT)]
        grid = make_grid(results.pauses, "kernel", absolute)
        grids.append((grid, results.pauses))
    if results.inputs.programs:
        absolute = [(figure, STOCK) for figure in results.inputs.figures]
        grid = make_grid(results.inputs, "input set", absolute)
        grids.append((grid, results.inputs))
    return grids


def as_text(results: Results) -> str:
    blocks = ["\n".join(heading(results))]
    for grid, table in make_grids(results):
        blocks.append(grid.as_text())
        blocks.append(
            "\n".join(
                textwrap.fill(
                    f"{figure.title}: {figure.meaning}", 100, subsequent_indent="  "
                )
                for figure in table.figures
            )
        )
    blocks.append(targets.as_text(results.targets))
    if found := faults(results):
        blocks.append("\n".join(["!" * 72, *found, "!" * 72]))
    return "\n\n".join(blocks)


def as_markdown(results: Results) -> str:
    blocks = ["  \n".join(heading(results))]
    for grid, table in make_grids(results):
        blocks.append(grid.as_markdown())
        blocks.append("\n".join(f"- *{f.title}*: {f.meaning}" for f in table.figures))
    blocks.append(targets.as_markdown(results.targets))
    if found := faults(results):
        blocks.append("\n".join(f"- **{line}**" for line in found))
    return "\n\n".join(blocks) + "\n"


def as_json(results: Results, input_sets: list[Program]) -> dict[str, object]:
    """Everything: what was read from the clocks, and what was computed."""
    return {
        "machine": results.machine,
        "settings": results.settings,
        "mismatches": results.mismatches,
        "failures": results.measurements.failures,
        "targets": [
            dataclasses.asdict(target) | {"verdict": target.verdict}
            for target in results.targets
        ],
        "figures": {
            "kernels": table_as_json(results.kernels),
            "pauses": table_as_json(results.pauses),
            "input_sets": table_as_json(results.inputs),
        },
        "inputs": {input_set.name: input_set.inputs for input_set in input_sets},
        "runs": {
            "kernels": _runs_as_json(results.measurements.kernels),
            "pauses": _runs_as_json(results.measurements.pauses),
            "input_sets": _runs_as_json(results.measurements.input_sets),
        },
    }


def table_as_json(table: Table) -> dict[str, object]:
    return {
        figure.key: {
            "meaning": figure.meaning,
            "reference": figure.reference,
            "geometric_mean": {
                engine: table.geometric_mean(figure, engine)
                for engine in table.engines_of(figure)
            },
            "programs": {
                program: {
                    engine: {
                        "ms": table.milliseconds(figure, program, engine),
                        "shown": table.shown(figure, program, engine),
                    }
                    for engine in table.engines
                }
                for program in table.programs
            },
        }
        for figure in table.figures
    }


def _runs_as_json(runs: dict[str, dict[str, list[SessionRun | None]]]) -> object:
    def one(run: SessionRun | None) -> dict[str, object] | None:
        if run is None:
            return None
        return {
            "wall_ns": run.wall_ns,
            "marks_ns": run.marks,
            "calls_ns": run.calls,  # start, end, CPU time
            "driver_marks_ns": run.driver_marks,  # wall, CPU time
            "checksum": run.checksum,
        }

    return {
        program: {
            engine: [one(run) for run in repeats]
            for engine, repeats in by_engine.items()
        }
        for program, by_engine in runs.items()
    }
