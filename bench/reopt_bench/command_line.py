"""What the benchmarks' command lines have in common."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from . import figures
from .engines import Tools, check_plugin
from .figures import Measurements
from .machine import busy_lines, machine_line
from .sessions import SessionFailure


class Named(Protocol):
    @property
    def name(self) -> str: ...


NamedT = TypeVar("NamedT", bound=Named)


def make_parser(name: str, doc: str) -> ArgumentParser:
    """For `reopt bench NAME`, whose module is described by `doc`."""
    parser = ArgumentParser(
        prog=f"reopt bench {name}", description=doc.split("\n")[0]
    )
    parser.add_argument("--clang-repl", default="clang-repl-22", metavar="PATH")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables")
    return parser


def add_plugin(parser: ArgumentParser) -> None:
    parser.add_argument("--plugin", type=Path, required=True, help="ClangReopt.so")


def add_quick(parser: ArgumentParser, how: str) -> None:
    parser.add_argument("--quick", action="store_true", help=f"{how}: shows that all works")


def add_json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything")


def make_tools(parser: ArgumentParser, arguments: Namespace, timeout: float) -> Tools:
    """Ends the program if the host runs as stock despite the plugin."""
    tools = Tools(arguments.clang_repl, "", arguments.plugin, timeout)
    try:
        check_plugin(tools)
    except SessionFailure as failure:
        parser.error(f"{tools.plugin} does not work: {failure}")
    return tools


def pick(
    parser: ArgumentParser,
    noun: str,
    every: Sequence[NamedT],
    names: Iterable[str] | None,
) -> list[NamedT]:
    """Those that are named, or every one if `names` is None."""
    if names is None:
        return list(every)
    by_name = {program.name: program for program in every}
    if unknown := [name for name in names if name not in by_name]:
        parser.error(f"no {noun} {unknown[0]}; there are {', '.join(by_name)}")
    return [by_name[name] for name in names]


def make_heading(
    machine: dict, runs: str = "", note: str = "", quick: bool = False
) -> list[str]:
    """`runs` says how often, if that is to be said; `note` what else is."""
    lines = [
        machine_line(machine),
        f"run: {machine['date']}, {runs}load average {machine['load']}",
        *([note] if note else []),
        *busy_lines(machine),
    ]
    if quick:
        lines.append("a quick run: it shows that all works, not how fast it is")
    return lines


def fault_lines(measurements: Measurements) -> list[str]:
    lines = [f"FAILED  {line}" for line in measurements.failures]
    wrong = figures.checksum_mismatches(measurements)
    return lines + [f"WRONG ANSWER  {line}" for line in wrong]


def write_json(arguments: Namespace, everything: dict) -> None:
    if arguments.json:
        arguments.json.write_text(json.dumps(everything, indent=1) + "\n")


def write_markdown(arguments: Namespace, heading: list[str], *blocks: str) -> None:
    if arguments.markdown:
        text = "\n\n".join(["  \n".join(heading), *blocks])
        arguments.markdown.write_text(text + "\n")
