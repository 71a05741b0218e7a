"""What is computed from the clocks, and what each figure means.

Every figure of a run is a time in milliseconds, by the wall's clock. Most are
shown as a ratio to the same figure of a reference engine. A ratio is taken
within one repeat, where the two runs are neighbours in time, and the median over
the repeats is shown: so a machine that drifts faster or slower does not move it.

On a machine that does other work meanwhile, the steady state and the figures of
input sets can be taken from the CPU time of the thread that runs the program
instead. That would hide a program that waits, so it is not the default.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable

from .engines import AOT, PARSER, REOPT, STOCK
from .programs import Program, is_directive
from .sessions import SessionRun

STEADY_TOLERANCE = 1.10  # a steady call takes at most this much of the median,
STEADY_SLACK_MS = 0.05  # and this, which matters for calls of microseconds
STEADY_WINDOW = 5  # calls that must be steady in the median from the first on
STEADY_SHARE = 0.75  # of all later calls; the others are the machine's noise


@dataclasses.dataclass
class Measurements:
    """All runs of one benchmark: program name, then engine, then repeat.

    A run that failed is None, and what went wrong is in `failures`.
    """

    kernels: dict[str, dict[str, list[SessionRun | None]]]
    input_sets: dict[str, dict[str, list[SessionRun | None]]]
    pauses: dict[str, dict[str, list[SessionRun | None]]] = dataclasses.field(
        default_factory=dict
    )
    failures: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Figure:
    key: str
    title: str
    reference: str | None  # the engine it is divided by; None: shown in ms
    meaning: str


STEADY = Figure(
    "steady",
    "steady state",
    AOT,
    "median of the last third of the calls",
)
FIRST_CALL = Figure(
    "first_call",
    "first call",
    STOCK,
    "from before the input that first mentions the kernel until its first call "
    "returned: link, compile and run",
)
TO_STEADY = Figure(
    "to_steady",
    "to steady",
    None,
    "from the same moment until the end of the first steady call: within 10 % and "
    "0.05 ms of the steady median, as are the median of the five calls from it on "
    "and three quarters of all later ones",
)
INPUTS = Figure(
    "inputs",
    "inputs",
    STOCK,
    "input latency: from before the first declaration until the last one is "
    "answered, headers left out",
)
SESSION = Figure(
    "session",
    "session",
    STOCK,
    "wall time of the whole process, start-up and headers included",
)
KERNEL_FIGURES = [STEADY, FIRST_CALL, TO_STEADY, INPUTS, SESSION]

AFTER_PAUSE = Figure(
    "after_pause",
    "first call after a pause",
    AOT,
    "the first call itself, by a clock around it in the program, when the session had "
    "waited for two seconds after the last declaration; ahead of time it is the first "
    "call of a fresh process",
)
PAUSE_FIGURES = [AFTER_PAUSE]

LATENCY = Figure(
    "latency",
    "latency",
    STOCK,
    "from before the first input until the last one, which calls, is answered, "
    "headers included",
)
JIT_TIME = Figure(
    "jit_time",
    "JIT time",
    STOCK,
    "the same without headers and without parsing, that is less what the same "
    "inputs take in a stock session with -fsyntax-only",
)
INPUT_SET_FIGURES = [LATENCY, JIT_TIME]


def call_durations(run: SessionRun, cpu_time: bool) -> list[float]:
    if cpu_time:
        return [call.cpu / 1e6 for call in run.calls]
    return [(call.end - call.start) / 1e6 for call in run.calls]


def steady_median(durations: list[float]) -> float:
    return statistics.median(durations[-max(1, len(durations) // 3) :])


def first_steady_call(durations: list[float]) -> int | None:
    """The index of the first steady call; None if calls never settle.

    See TO_STEADY for the definition.
    """
    limit = steady_median(durations) * STEADY_TOLERANCE + STEADY_SLACK_MS
    within = [duration <= limit for duration in durations]
    for index, is_within in enumerate(within):
        window = durations[index : index + STEADY_WINDOW]
        later = within[index:]
        if (
            is_within
            and statistics.median(window) <= limit
            and sum(later) >= STEADY_SHARE * len(later)
        ):
            return index
    return None


def kernel_times(run: SessionRun, cpu_time: bool) -> dict[str, float | None]:
    """The figures of one run of a kernel, in ms."""
    durations = call_durations(run, cpu_time)
    _, before_inputs, before_call = run.marks
    steady_index = first_steady_call(durations)
    to_steady = None
    if steady_index is not None:
        to_steady = (run.calls[steady_index].end - before_call) / 1e6
    return {
        STEADY.key: steady_median(durations),
        FIRST_CALL.key: (run.calls[0].end - before_call) / 1e6,
        TO_STEADY.key: to_steady,
        INPUTS.key: (before_call - before_inputs) / 1e6,
        SESSION.key: run.wall_ns / 1e6,
    }


def input_latencies(run: SessionRun, cpu_time: bool) -> list[float]:
    times = [mark.cpu if cpu_time else mark.wall for mark in run.driver_marks]
    return [(end - start) / 1e6 for start, end in zip(times, times[1:])]


def input_set_times(
    run: SessionRun, parsing: SessionRun | None, input_set: Program, cpu_time: bool
) -> dict[str, float | None]:
    """The figures of one run of an input set, in ms."""
    latencies = input_latencies(run, cpu_time)
    jit_time = None
    if parsing is not None:
        parse_times = input_latencies(parsing, cpu_time)
        jit_time = sum(
            latency - parse_time
            for text, latency, parse_time in zip(
                input_set.inputs, latencies, parse_times
            )
            if not is_directive(text)
        )
    return {LATENCY.key: sum(latencies), JIT_TIME.key: jit_time}


class Table:
    """Figures by program and engine: medians over repeats, and their means."""

    def __init__(self, figures: list[Figure], engines: list[str]):
        self.figures = figures
        self.engines = engines
        self.programs: list[str] = []
        self._times: dict[tuple[str, str], list[dict[str, float | None]]] = {}

    def add(
        self, program: str, engine: str, repeats: list[dict[str, float | None]]
    ) -> None:
        """Adds the times of each repeat; an empty dictionary is a failed run."""
        if program not in self.programs:
            self.programs.append(program)
        self._times[program, engine] = repeats

    def engines_of(self, figure: Figure) -> list[str]:
        """Those that are compared: compiling ahead of time is a reference."""
        if figure.reference is not None and figure.reference not in self.engines:
            return []
        return [e for e in self.engines if e not in (AOT, figure.reference)]

    def milliseconds(self, figure: Figure, program: str, engine: str) -> float | None:
        times = self._times.get((program, engine), [])
        return _median([time.get(figure.key) for time in times])

    def shown(self, figure: Figure, program: str, engine: str) -> float | None:
        """The ratio to the reference, or ms where there is none."""
        if figure.reference is None:
            return self.milliseconds(figure, program, engine)
        ratios = [
            _ratio(time.get(figure.key), reference.get(figure.key))
            for time, reference in zip(
                self._times.get((program, engine), []),
                self._times.get((program, figure.reference), []),
            )
        ]
        return _median(ratios)

    def geometric_mean(
        self,
        figure: Figure,
        engine: str,
        where: Callable[[str], bool] = lambda program: True,
    ) -> float | None:
        """Over the programs that have the figure and for which `where` holds."""
        values = [
            self.shown(figure, program, engine)
            for program in self.programs
            if where(program)
        ]
        positive = [value for value in values if value is not None and value > 0]
        if not positive:
            return None
        return math.exp(statistics.fmean(math.log(value) for value in positive))


def kernel_table(
    measurements: Measurements, engines: list[str], cpu_time: bool
) -> Table:
    table = Table(KERNEL_FIGURES, engines)
    for kernel, by_engine in measurements.kernels.items():
        for engine, runs in by_engine.items():
            repeats = [kernel_times(run, cpu_time) if run else {} for run in runs]
            table.add(kernel, engine, repeats)
    return table


def pause_table(
    measurements: Measurements, engines: list[str], cpu_time: bool
) -> Table:
    table = Table(PAUSE_FIGURES, [engine for engine in engines if engine in (REOPT, AOT)])
    for kernel, by_engine in measurements.pauses.items():
        for engine, runs in by_engine.items():
            repeats = [
                {AFTER_PAUSE.key: call_durations(run, cpu_time)[0]} if run else {}
                for run in runs
            ]
            table.add(kernel, engine, repeats)
    return table


def input_set_table(
    measurements: Measurements,
    input_sets: list[Program],
    engines: list[str],
    cpu_time: bool,
) -> Table:
    table = Table(INPUT_SET_FIGURES, [engine for engine in engines if engine != AOT])
    for input_set in input_sets:
        by_engine = measurements.input_sets[input_set.name]
        for engine, runs in by_engine.items():
            if engine == PARSER:
                continue
            repeats = [
                input_set_times(run, parsing, input_set, cpu_time) if run else {}
                for run, parsing in zip(runs, by_engine[PARSER])
            ]
            table.add(input_set.name, engine, repeats)
    return table


def checksum_mismatches(measurements: Measurements) -> list[str]:
    """One line for each program that did not give one answer everywhere."""
    lines = []
    for programs in (
        measurements.kernels,
        measurements.pauses,
        measurements.input_sets,
    ):
        for program, by_engine in programs.items():
            answers = {
                engine: sorted({run.checksum for run in runs if run})
                for engine, runs in by_engine.items()
                if engine != PARSER and any(runs)
            }
            if len({tuple(answer) for answer in answers.values()}) > 1 or any(
                len(answer) > 1 for answer in answers.values()
            ):
                told = ", ".join(f"{e} {a}" for e, a in answers.items())
                lines.append(f"{program}: {told}")
    return lines


def _ratio(value: float | None, reference: float | None) -> float | None:
    if value is None or not reference:
        return None
    return value / reference


def _median(values: list[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None
