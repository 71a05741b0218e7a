"""A random program, and the answer that it must give.

Csmith writes a closed, deterministic program whose whole state is in its
global variables and which prints a checksum of them. A Program is that text,
cut into what a person would paste: one top-level declaration or definition per
input. The answer is what `clang-22 -O0`, ahead of time, makes the same text
print.

A JIT that swaps code while it runs needs a program that runs more than once.
So each program gets a driver: `run(details)` puts the globals back to their
first values and runs the program, and `run_until_quiet()` repeats that for as
long as other threads of the process, compilers that is, are at work. All runs
must print the same.
"""

import re
import signal
import subprocess
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

CLANG = "clang-22"
RUNTIME = "/usr/include/csmith"

# Programs of moderate size, with every feature of Csmith that keeps to defined
# behaviour. --strict-float keeps it from aliasing int and float.
CSMITH = ["csmith", "--float", "--strict-float", "--builtins",
          "--inline-function", "--max-funcs", "6", "--max-block-depth", "3",
          "--max-block-size", "3", "--max-expr-complexity", "6",
          "--max-array-len-per-dim", "5"]
LANGUAGES = {
    "c": {"csmith": [], "clang": ["-xc", "-w"]},
    "c++": {"csmith": ["--lang-cpp", "--cpp11"],
            # Csmith's C++ initialisers narrow.
            "clang": ["-xc++", "-w", "-Wno-narrowing"]},
}

# Csmith passes 0 to clz and ctz, which is undefined, and crc32qi is x86's only.
# fabs and fabsf would need <math.h>, which is slow to parse in C++.
DEFINES = [f"-D__builtin_{name}{width}=__builtin_popcount{width}"
           for name in ("clz", "ctz") for width in ("", "l", "ll")]
DEFINES += ["-D__builtin_ia32_crc32qi(a,b)=((a)^(b))", "-Dmain=program",
            "-Dfabsf=__builtin_fabsf", "-Dfabs=__builtin_fabs"]

INCLUDES = [f"#include <{name}.h>"
            for name in ("stdint", "stdio", "string", "time", "unistd")]

QUIET_RUNS = 100  # How many runs without work in other threads: about 60 ms.
RUN = """\
void run(int details) {
  static struct { volatile void *at; unsigned long size; } globals[] = {
    %s };
  static volatile unsigned char first_values[%s];
  static int restore;
  volatile unsigned char *saved = first_values;
  for (unsigned i = 0; i < sizeof(globals) / sizeof(*globals); ++i) {
    volatile unsigned char *at = (volatile unsigned char *)globals[i].at;
    for (unsigned long n = 0; n < globals[i].size; ++n, ++saved)
      if (restore) at[n] = *saved; else *saved = at[n];
  }
  restore = 1;
  char name[] = "program", yes[] = "1", *arguments[] = {name, yes, 0};
  program(details ? 2 : 1, arguments);
}"""
OTHERS = """\
long nanoseconds_of_other_threads(void) {
  struct timespec all, mine;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &all);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mine);
  return (all.tv_sec - mine.tv_sec) * 1000000000 + all.tv_nsec - mine.tv_nsec;
}"""
RUN_UNTIL_QUIET = """\
void run_until_quiet(void) {
  for (int quiet = 0, runs = 0; quiet < %d && runs < 4000; ++quiet, ++runs) {
    long before = nanoseconds_of_other_threads();
    run(0);
    usleep(500);
    if (nanoseconds_of_other_threads() - before > 50000) quiet = 0;
  }
}""" % QUIET_RUNS

# What every session, and the reference, calls: once with the value of each
# variable, so that a wrong answer names the variable; then often, so that
# versions change in the middle; then once more, with all that is compiled by
# then.
CALLS = ["run(1);", "run_until_quiet();", "run(1);"]
LEAST_RUNS = QUIET_RUNS + 2

# Csmith does not keep a float that it converts within the integer's range.
# The reference stops there; everything else about it is plain -O0.
REFERENCE = ["-O0", "-fsanitize=float-cast-overflow", "-fsanitize-trap=all"]

# A program that ends takes milliseconds; a program that does not, for ever.
CPU_SECONDS = 1
WALL_SECONDS = 10

VALUE = r"(?:\.\.\.checksum after |index = ).*"  # One variable's.
ANSWER = re.compile(rf"^(?:checksum = .*|{VALUE})$", re.M)


class Unusable(Exception):
    """Csmith's program for this seed is no test; the text says why."""


@dataclass
class Program:
    seed: int
    language: str
    pieces: list[str]  # The includes, then one top-level entity each.
    answer: list[str]  # The lines that say what was computed.


def answer_in(output: str) -> list[str]:
    """The lines of an answer; how often the program ran does not show."""
    return [line for line, _ in groupby(ANSWER.findall(output))]


def runs_in(output: str) -> int:
    return len(re.findall("^checksum = ", output, flags=re.M))


def call(command, **options):
    return subprocess.run(command, capture_output=True, text=True,
                          errors="replace", **options)


def prepare(directory: Path):
    """To be called once, before programs are made there."""
    # Csmith would write this where it runs, and may read it half written.
    (directory / "platform.info").write_text(
        "integer size = 4\npointer size = 8\n")


def generate(seed: int, language: str, directory: Path) -> str:
    """Csmith's program, preprocessed; system headers are left out."""
    options = LANGUAGES[language]
    try:
        made = call([*CSMITH, "--seed", str(seed), *options["csmith"]],
                    timeout=20, cwd=directory)
    except subprocess.TimeoutExpired:
        raise Unusable("csmith does not end") from None
    if made.returncode or "main" not in made.stdout:
        raise Unusable("csmith fails")
    expanded = call([CLANG, "-E", "-P", "-fkeep-system-includes", *DEFINES,
                     *options["clang"], "-I" + RUNTIME, "-"], input=made.stdout)
    if expanded.returncode:
        raise Unusable("clang does not preprocess it")
    text = re.sub(r"^#include.*\n", "", expanded.stdout, flags=re.M)
    text = re.sub(r"^#pragma (.*)$", r'_Pragma("\1")', text, flags=re.M)
    # The runtime hashes a float by its bytes, and forgets the cast.
    return re.sub(r"\btransparent_crc_bytes *\(&",
                  "transparent_crc_bytes((char *)&", text)


def cut(text: str) -> list[str]:
    """Cuts preprocessed text into its top-level declarations."""
    pieces, start, depth, function = [], 0, 0, False
    token = r'"(?:\\.|[^"\\])*"|' r"'(?:\\.|[^'\\])*'|[{};]"
    for match in re.finditer(token, text):
        if match[0] == "{":
            if depth == 0:
                function = text[start:match.start()].rstrip().endswith(")")
            depth += 1
        elif match[0] == "}":
            depth -= 1
        if depth == 0 and (match[0] == ";" or match[0] == "}" and function):
            pieces.append(text[start:match.end()].strip())
            start, function = match.end(), False
    if text[start:].strip() and not text[start:].strip().startswith("_Pragma"):
        raise Unusable("it cannot be cut into declarations")
    return pieces


def prune(pieces: list[str]) -> list[str]:
    """Drops the functions of Csmith's runtime that the program does not use."""
    runtime = re.compile(r"\(?\b((?:safe|crc32|transparent|platform)_\w+)\)?\(")
    kept, used = [], set()
    for piece in reversed(pieces):
        name = runtime.search(piece.split("{")[0].replace(" (", "("))
        if not name or name[1] in used:
            kept.append(piece)
            used.update(re.findall(r"\w+", piece))
    return kept[::-1]


def driver(pieces: list[str]) -> list[str]:
    """The driver for the program whose variables these pieces define."""
    variables = ["crc32_context"]
    for piece in pieces:
        head = re.sub(r"_Pragma\(.*?\)", "", piece).split("=")[0].rstrip("; \n")
        name = re.search(r"\b(g_\d+)(?:\[\d+\])*\s*$", head)
        if name and "(" not in head and "const" not in head.split("*")[-1]:
            variables.append(name[1])
    run = RUN % (",\n    ".join(f"{{&{v}, sizeof({v})}}" for v in variables),
                 " + ".join(f"sizeof({v})" for v in variables))
    return [run, OTHERS, RUN_UNTIL_QUIET]


def ahead_of_time(source: Path, language: str, *flags: str) -> str:
    """What the program prints when clang compiles it with these flags."""
    binary = source.with_suffix(source.suffix + "".join(flags[:1]))
    compiled = call([CLANG, *flags, *LANGUAGES[language]["clang"], str(source),
                     "-o", str(binary)])
    if compiled.returncode:
        raise Unusable("clang rejects it")
    try:
        ran = call(["prlimit", f"--cpu={CPU_SECONDS}", str(binary)],
                   timeout=WALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise Unusable("it does not end") from None
    finally:
        binary.unlink()
    if ran.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        raise Unusable("it does not end")
    if ran.returncode == -signal.SIGILL:
        raise Unusable("its behaviour is undefined")
    if ran.returncode:
        raise Unusable(f"it ends with {ran.returncode}")
    return ran.stdout


def with_external_names(piece: str) -> str:
    """Takes `static` off, so that other inputs find the symbol."""
    variable = "(" not in piece.split("=")[0] and "=" in piece
    return re.sub(r"^(inline )?static\b ?", "extern " if variable else "",
                  piece, flags=re.M)


def make(seed: int, language: str, directory: Path,
         shared_statics: bool) -> tuple[Program, Path]:
    """Makes the program for a seed, and the file it was compiled from.

    Odd seeds have external names. Even seeds are all `static`, as Csmith
    writes them, and with shared_statics two inputs mention the same ones.
    Stock clang-repl then gives each input its own copy, and a wrong answer.
    """
    pieces = prune(cut(generate(seed, language, directory)))
    bodies = [piece for piece in pieces
              if re.search(r"\bfunc_\d+\([^{;]*\)\s*\{", piece)]
    if len(bodies) < 3:
        raise Unusable("it has fewer than three functions")
    if not any(re.search(r"\bfor \(", body) for body in bodies):
        raise Unusable("it has no loop")
    if seed % 2:
        pieces = [with_external_names(piece) for piece in pieces]
    elif not shared_statics:
        pieces = [re.sub(r"^int program\b", r"static \g<0>", piece)
                  for piece in pieces]
    pieces = INCLUDES + pieces + driver(pieces)
    source = directory / f"{seed}.{'c' if language == 'c' else 'cpp'}"
    source.write_text("\n".join(
        [*pieces, "int main(void) {", *CALLS, "return 0; }", ""]))
    answer = answer_in(ahead_of_time(source, language, *REFERENCE))
    if not answer or not answer[-1].startswith("checksum"):
        raise Unusable("it prints no checksum")
    return Program(seed, language, pieces, answer), source
