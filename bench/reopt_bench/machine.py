"""Names the machine and the compiler, as a figure means nothing without."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path

# A load average above this, before the run, is other people's work.
BUSY_LOAD = 0.7


def describe_machine(clang_repl: str) -> dict[str, object]:
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": f"{platform.system()} {platform.release()}",
        "clang": _clang_version(clang_repl),
        "load": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }


def machine_line(machine: dict[str, object]) -> str:
    return "machine: {cpu}, {cores} cores, {kernel}, {clang}".format(**machine)


def busy_lines(machine: dict[str, object]) -> list[str]:
    if machine["load"] <= BUSY_LOAD:
        return []
    return ["the machine was busy before the run: wall times will be off"]


def _cpu_model() -> str:
    models = re.findall(
        r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE
    )
    return models[0] if models else platform.machine()


def _clang_version(clang_repl: str) -> str:
    printed = subprocess.run(
        [clang_repl, "--version"], capture_output=True, text=True
    ).stdout
    return next(
        (line.strip() for line in printed.splitlines() if "version" in line),
        "unknown version",
    )
