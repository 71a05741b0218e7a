"""One run: a command, a text on its standard input, and the clocks of both.

CLOCK_MONOTONIC is read at both ends, in nanoseconds. The harness reads it inside
the measured process and prints what it read (`bench mark`, `bench call`). The
driver reads it when the process starts, when it is gone, and when a line that
`#warning bench-mark` caused arrives on its standard error; this also works in a
session that only parses. With each wall time goes the CPU time of the thread
that runs the program, for use on a busy machine.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

MARK_LINE = b"warning: bench-mark"


class SessionFailure(Exception):
    """A run that gave no figures: crashed, timed out, or refused an input."""


class Call(NamedTuple):
    """One call of a kernel, in nanoseconds."""

    start: int
    end: int
    cpu: int  # CPU time of the calling thread


class Mark(NamedTuple):
    """The clocks at one `#warning bench-mark`, in nanoseconds."""

    wall: int
    cpu: int  # CPU time of the process's main thread so far


@dataclasses.dataclass
class SessionRun:
    """What one run gave. Times are nanoseconds of CLOCK_MONOTONIC."""

    started_ns: int  # when the process was started
    wall_ns: int  # from then until it is gone
    driver_marks: list[Mark]
    marks: list[int] = dataclasses.field(default_factory=list)  # bench_mark()
    calls: list[Call] = dataclasses.field(default_factory=list)
    checksum: int | None = None  # None: the session only parsed


def run_paused_session(
    command: list[str], text: str, pause: float, rest: str, timeout: float
) -> SessionRun:
    """Runs `command` with `text` as its input, and with `rest` once it has waited
    for that for `pause` seconds after the mark in `text`; raises SessionFailure."""
    reader, writer = os.pipe()
    os.write(writer, text.encode())  # The pipe holds 64 kB, and the kernels less.

    def go_on() -> None:
        time.sleep(pause)
        os.write(writer, rest.encode())

    typist = threading.Thread(target=go_on)
    try:
        return _run(command, reader, timeout, on_mark=typist.start)
    finally:
        if typist.ident is not None:
            typist.join()
        os.close(writer)
        os.close(reader)


def run_session(command: list[str], text: str, timeout: float) -> SessionRun:
    """Runs `command` with `text` as its input; raises SessionFailure."""
    with tempfile.TemporaryFile() as typed:
        typed.write(text.encode())
        typed.seek(0)
        return _run(command, typed, timeout)


def _run(
    command: list[str],
    typed: IO[bytes] | int,
    timeout: float,
    on_mark: Callable[[], None] = lambda: None,
) -> SessionRun:
    """`on_mark` is called when the first mark was seen."""
    timed_out = threading.Event()

    def give_up() -> None:
        timed_out.set()
        process.kill()

    with tempfile.TemporaryFile() as printed:
        started = time.monotonic_ns()
        with subprocess.Popen(
            command, stdin=typed, stdout=printed, stderr=subprocess.PIPE
        ) as process:
            timer = threading.Timer(timeout, give_up)
            timer.start()
            try:
                errors, driver_marks = _read_marked(process, on_mark)
                status = process.wait()
                wall_ns = time.monotonic_ns() - started
            except BaseException:
                process.kill()
                raise
            finally:
                timer.cancel()
        printed.seek(0)
        output = printed.read().decode(errors="replace")

    if timed_out.is_set():
        raise SessionFailure(f"no end after {timeout:g} s")
    reasons = [_describe_status(status), _first_error(errors)]
    if any(reasons):
        raise SessionFailure("; ".join(filter(None, reasons)))
    run = SessionRun(started, wall_ns, driver_marks)
    _parse_output(output, run)
    return run


def _describe_status(status: int) -> str:
    if status < 0:
        return f"killed by signal {-status}"
    return f"exit code {status}" if status else ""


def _read_marked(
    process: subprocess.Popen, on_mark: Callable[[], None]
) -> tuple[str, list[Mark]]:
    """Reads standard error to its end; notes when each mark's line was there."""
    marks: list[Mark] = []
    whole = bytearray()
    line_start = 0
    while chunk := os.read(process.stderr.fileno(), 65536):
        now = Mark(time.monotonic_ns(), _main_thread_cpu_ns(process.pid))
        whole += chunk
        while (line_end := whole.find(b"\n", line_start)) >= 0:
            if MARK_LINE in whole[line_start:line_end]:
                marks.append(now)
                if len(marks) == 1:
                    on_mark()
            line_start = line_end + 1
    return whole.decode(errors="replace"), marks


def _main_thread_cpu_ns(pid: int) -> int:
    """0 where the kernel does not tell."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0])
    except (OSError, IndexError):
        return 0


def _first_error(errors: str) -> str:
    for line in errors.splitlines():
        if "error:" in line or "Assertion" in line or "terminate called" in line:
            return line.strip()
    return ""


def _parse_output(output: str, run: SessionRun) -> None:
    for line in output.splitlines():
        match line.split():
            case ["bench", "mark", time_ns]:
                run.marks.append(int(time_ns))
            case ["bench", "call", start_ns, end_ns, cpu_ns]:
                run.calls.append(Call(int(start_ns), int(end_ns), int(cpu_ns)))
            case ["bench", "checksum", checksum]:
                run.checksum = int(checksum)
