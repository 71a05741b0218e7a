"""The C++ texts of the benchmark, cut in inputs.

A file is cut at lines that begin with `//--- input`. Inside an input, each
preprocessor directive is an input of its own for clang-repl, and the lines
between directives are joined to one: clang-repl joins a line that ends with a
backslash to the next. Comments are not sent, because they would hide the rest
of a joined input.

A *kernel* only declares things and defines `long kernel_run()`, so that it can
also be compiled ahead of time. An *input set* is what a person might type,
statements included; it ends each step with `bench_check(result);`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEPARATOR = "//--- input"

# What is typed to make clang report a line, on standard error, at once.
MARK_INPUT = "#warning bench-mark"

MAX_CALLS = 10000  # bench_capacity in harness.cpp

WIDE = "wide"
WIDE_FUNCTIONS = 1200
WIDE_CALLED = 80
WIDE_CALLS_PER_INPUT = 10


class ProgramError(Exception):
    """A text that cannot be typed into clang-repl."""


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    text: str

    @property
    def inputs(self) -> list[str]:
        """The text as clang-repl gets it: one string for each input."""
        return split_inputs(self.text, self.name)


def is_directive(text: str) -> bool:
    return text.startswith("#")


def split_inputs(text: str, name: str) -> list[str]:
    inputs: list[str] = []
    pending: list[str] = []

    def finish() -> None:
        if pending:
            inputs.append(" \\\n".join(pending))
            pending.clear()

    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if line.startswith("//"):
            if line.startswith(SEPARATOR):
                finish()
            continue
        if '"' not in line:
            line = line.split("//")[0].rstrip()
        if "//" in line or line.endswith("\\"):
            raise ProgramError(f"{name}:{number}: cannot be joined: {line}")
        if line.startswith("#"):
            finish()
            inputs.append(line)
        elif line:
            pending.append(line)
    finish()
    return inputs


def load_harness() -> Program:
    return Program("harness", (ROOT / "harness.cpp").read_text())


def load_kernels() -> list[Program]:
    return _load_folder("kernels")


def load_input_sets() -> list[Program]:
    """The texts of `inputs/`, and the one that is generated."""
    return _load_folder("inputs") + [wide_input_set()]


def load_first_answers() -> list[Program]:
    """Whole short sessions, which end with printing `bench checksum N`."""
    return _load_folder("first_answers")


def _load_folder(folder: str) -> list[Program]:
    files = sorted((ROOT / folder).glob("*.cpp"))
    return [Program(file.stem, file.read_text()) for file in files]


def wide_input_set() -> Program:
    """One input of many functions, of which the later inputs call a few.

    Every fifteenth function is called. Each of these calls the one before it
    in its group of ten, so that calling reaches no others.
    """
    stride = WIDE_FUNCTIONS // WIDE_CALLED
    called = [index * stride for index in range(WIDE_CALLED)]
    groups = [
        called[start : start + WIDE_CALLS_PER_INPUT]
        for start in range(0, WIDE_CALLED, WIDE_CALLS_PER_INPUT)
    ]
    callee = {
        later: earlier for group in groups for earlier, later in zip(group, group[1:])
    }
    lines = [SEPARATOR]
    for index in range(WIDE_FUNCTIONS):
        inner = f"wide_{callee[index]}(x)" if index in callee else f"x * {index % 97}"
        lines += [
            f"long wide_{index}(long x) {{",
            f"  long sum = {inner};",
            f"  for (long i = 0; i < {index % 5 + 2}; ++i)",
            f"    sum += i % 2 ? x ^ {index} : sum / {index % 7 + 2};",
            "  if (sum < 0)",
            "    return -sum;",
            "  return sum;",
            "}",
        ]
    for group in groups:
        calls = " + ".join(f"wide_{index}({index % 13})" for index in group)
        lines += [SEPARATOR, f"bench_check({calls});"]
    return Program(WIDE, "\n".join(lines) + "\n")


def kernel_session(harness: Program, kernel: Program, calls: int) -> str:
    """What is typed to measure a kernel.

    The clock is read three times with `bench_mark()`: once to have the harness
    compiled, then before and after the kernel's inputs. Headers come first,
    outside these marks: to parse them takes longer than all else, and takes
    the same time in each session.
    """
    headers = [text for text in kernel.inputs if is_directive(text)]
    declarations = [text for text in kernel.inputs if not is_directive(text)]
    return _session(
        harness.inputs
        + headers
        + ["bench_mark();", "bench_mark();"]
        + declarations
        + ["bench_mark();", f"bench_run(kernel_run, {calls});", "bench_report();"]
    )


def paused_session(harness: Program, kernel: Program) -> tuple[str, str]:
    """What is typed before a pause, which a mark ends, and what after it."""
    headers = [text for text in kernel.inputs if is_directive(text)]
    declarations = [text for text in kernel.inputs if not is_directive(text)]
    before = harness.inputs + headers + declarations + [MARK_INPUT, ""]
    return "\n".join(before), _session(["bench_run(kernel_run, 1);", "bench_report();"])


def tier_zero_session(harness: Program, kernel: Program, calls: int) -> str:
    """What is typed to have a kernel run in tier 0, whatever it does.

    Functions are compiled as ever, since they are defined before tiering is
    turned off; from then on nothing replaces them.
    """
    run = ["%reopt off", f"bench_run(kernel_run, {calls});", "bench_report();"]
    return _session(harness.inputs + kernel.inputs + run)


def input_set_session(harness: Program, input_set: Program) -> str:
    """What is typed to measure inputs: a mark before, between and after them."""
    lines = harness.inputs + ["bench_mark();", MARK_INPUT]
    for text in input_set.inputs:
        lines += [text, MARK_INPUT]
    return _session(lines + ["bench_report();"])


def first_answer_session(program: Program) -> str:
    """What is typed to measure the time until the answer: a mark behind it."""
    return _session(program.inputs + [MARK_INPUT])


def _session(lines: list[str]) -> str:
    return "\n".join(lines + ["%quit"]) + "\n"


def ahead_of_time_source(harness: Program, kernel: Program, calls: int) -> str:
    """The same texts as one file, with a main that does as the session does."""
    return (
        f"{harness.text}\n{kernel.text}\n"
        "int main() {\n"
        "  bench_mark();\n  bench_mark();\n  bench_mark();\n"
        f"  bench_run(kernel_run, {calls});\n"
        "  bench_report();\n"
        "}\n"
    )
