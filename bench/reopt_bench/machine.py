"""Names the machine and the compiler, as a figure means nothing without."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path


def describe_machine(clang_repl: str) -> dict[str, object]:
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": f"{platform.system()} {platform.release()}",
        "clang": _clang_version(clang_repl),
        "load": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }


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
