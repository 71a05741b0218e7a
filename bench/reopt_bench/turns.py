"""Runs rivals in turn, so that neighbours in time are compared."""

from __future__ import annotations

from collections.abc import Callable

from .engines import Engine
from .progress import Progress
from .sessions import SessionFailure, SessionRun


def run_in_turns(
    program: str,
    rivals: list[Engine],
    repeats: int,
    run: Callable[[Engine], SessionRun],
    progress: Progress,
    failures: list[str],
) -> dict[str, list[SessionRun | None]]:
    """Each repeat runs every engine once, each time in another order.

    An engine that failed on a program does not get it again; `failures` gets a
    line for it.
    """
    runs: dict[str, list[SessionRun | None]] = {r.name: [] for r in rivals}
    failed: set[str] = set()
    for repeat in range(repeats):
        turn = repeat % len(rivals)
        for rival in rivals[turn:] + rivals[:turn]:
            progress.step(program, rival.name, repeat)
            result: SessionRun | None = None
            if rival.name not in failed:
                try:
                    result = run(rival)
                except SessionFailure as failure:
                    failed.add(rival.name)
                    failures.append(f"{program}: {rival.name}: {failure}")
            runs[rival.name].append(result)
    return runs
