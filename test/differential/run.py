#!/usr/bin/env python3
"""Types random programs into clang-repl and compares their answers.

For each seed, Csmith writes one C and one C++ program (program.py), and
`clang-22 -O0` says what they must print. Here the same program is typed into
`clang-repl-22`, with the plugin when --plugin names it, in these modes:

  many-race  each declaration is one input; every function trips at its first
             call, so versions are swapped while the program runs
  many-now   each declaration is one input; every function is compiled at -O3
             before its first call
  one-race   like many-race, but the program is one input
  one-now    like many-now, but the program is one input
  many-cold  each declaration is one input; nothing ever trips, so all that
             runs is tier 0
  one-cold   like many-cold, but the program is one input

Without --plugin the modes are many and one: this is how the test itself is
tested, as stock clang-repl must pass. A session fails when its answer differs,
an input is rejected, it crashes, it does not return 0, or it does not end.

A seed whose program cannot serve (it does not end, say) is skipped and the next
one taken instead, so the same options always give the same programs.
"""

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from program import (CALLS, CLANG, CSMITH, LANGUAGES, LEAST_RUNS, RUNTIME,
                     VALUE, Program, Unusable, ahead_of_time, answer_in, make,
                     prepare, runs_in)

REPL = "clang-repl-22"
SESSION_SECONDS = 60
TAIL = 20
# After a failure: another answer, or none, means that the fault is in the
# program or in clang, not in the session.
TRIAGE = [["-O3"], ["-O1", "-fsanitize=undefined", "-fno-sanitize=alignment",
                    "-fsanitize-trap=all"]]
STOCK_MODES = ["many", "one"]
TIERED_MODES = ["many-race", "many-now", "many-cold",
                "one-race", "one-now", "one-cold"]
NEVER = 1000000000


@dataclass
class Session:
    """One program, typed in one mode. Failure is empty when it passed."""
    program: Program
    mode: str
    command: str
    failure: str = ""
    output: str = ""

    def __str__(self):
        return f"seed {self.program.seed} {self.program.language} {self.mode}"


def typed(text: str) -> str:
    """One input, on as many lines as it has, as clang-repl wants it typed."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return " \\\n".join(lines) + "\n"


def inputs(program: Program, mode: str) -> str:
    """All that is typed in a session."""
    includes = [p for p in program.pieces if p.startswith("#")]
    pieces = [p for p in program.pieces if not p.startswith("#")]
    if mode.startswith("one"):
        pieces = ["\n".join(pieces)]
    calls = list(CALLS)
    if mode.endswith("-now"):
        calls[:0] = ["%reopt now *", "%reopt wait 60"]
    if mode.endswith("-race"):
        calls.insert(-1, "%reopt wait 60")
    if mode in TIERED_MODES:
        calls.append("%reopt status")
    return "".join(map(typed, includes + pieces + calls + ["%quit"]))


def repl_command(program: Program, mode: str, options) -> list[str]:
    flags = list(LANGUAGES[program.language]["clang"])
    if options.plugin:
        flags.append(f"-fplugin={options.plugin}")
    if mode.endswith("-race"):
        flags.append("-fplugin-arg-reopt-threshold=1")
    if mode.endswith("-cold"):
        flags.append(f"-fplugin-arg-reopt-threshold={NEVER}")
        flags.append("-fplugin-arg-reopt-speculate=0")
    return [REPL, *(f"--Xcc={flag}" for flag in flags), *options.repl_arg]


def why_failed(program: Program, mode: str, code: int, out: str, err: str,
               options) -> str:
    if code < 0:
        return f"it crashed: {signal.Signals(-code).name}"
    got, want = answer_in(out), program.answer
    for index, (have, wanted) in enumerate(zip(got, want)):
        if have != wanted:
            return (f"wrong answer in line {index + 1} of {len(want)}:\n"
                    f"  want {wanted}\n  got  {have}")
    if len(got) != len(want):
        return f"it printed {len(got)} of {len(want)} lines of its answer"
    if runs_in(out) < LEAST_RUNS:
        return f"the program ran {runs_in(out)} times, not {LEAST_RUNS} or more"
    if code:
        return f"it returned {code}"
    if "error:" in err:
        return "an input was rejected"
    if mode.endswith("-cold"):
        if not re.search(r"\b0 in tier 1", out):
            return "something tripped"
    elif options.expect and not re.search(options.expect, out + err):
        return f"nothing in its output matches {options.expect!r}"
    return ""


def run_session(program: Program, mode: str, directory: Path,
                options) -> Session:
    name = f"{program.seed}.{program.language}.{mode}.repl"
    script = directory / name
    script.write_text(inputs(program, mode))
    command = repl_command(program, mode, options)
    session = Session(program, mode, f"{shlex.join(command)} < {script}")
    with open(script) as typed_in:
        repl = subprocess.Popen(command, stdin=typed_in, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                errors="replace", start_new_session=True)
        try:
            out, err = repl.communicate(timeout=options.timeout)
        except subprocess.TimeoutExpired:
            os.killpg(repl.pid, signal.SIGKILL)
            out, err = repl.communicate()
            session.failure = f"it did not end in {options.timeout} s"
    if not session.failure:
        session.failure = why_failed(program, mode, repl.returncode, out,
                                     err, options)
    # The values of variables, and many equal lines, would drown all else.
    lines = re.sub(rf"^{VALUE}\n", "", out + err, flags=re.M)
    session.output = re.sub(r"^(.*\n)\1+", r"\1", lines, flags=re.M).rstrip()
    if options.keep:
        script.with_suffix(".log").write_text(out + err)
    elif not session.failure:
        script.unlink()
    say(f"{'FAILED' if session.failure else 'ok'}: {session}")
    return session


@cache
def triage(source: Path, language: str, answer: tuple[str]) -> list[str]:
    """What else clang makes of a program that failed in some session."""
    verdicts = []
    for flags in TRIAGE:
        try:
            got = answer_in(ahead_of_time(source, language, *flags))
            verdict = ("the same answer" if tuple(got) == answer
                       else "ANOTHER ANSWER")
        except Unusable as reason:
            verdict = f"NO ANSWER: {reason}"
        verdicts.append(f"{CLANG} {shlex.join(flags)}: {verdict}")
    return verdicts


def report(session: Session, source: Path, options):
    """Says what failed, and how to see it again."""
    again = [__file__, "--seed", str(session.program.seed),
             "--lang", session.program.language, "--mode", session.mode]
    if options.plugin:
        again += ["--plugin", options.plugin]
    again += [f"--repl-arg={argument}" for argument in options.repl_arg]
    say(f"\n{session}: {session.failure}")
    for line in triage(source, session.program.language,
                       tuple(session.program.answer)):
        say(line)
    say(f"program: {source}\nsession: {session.command}\n"
        f"again:   {shlex.join(again)}\nlast {TAIL} lines of output:")
    for line in session.output.splitlines()[-TAIL:]:
        say(f"  | {line}")


def say(text: str):
    print(text, file=sys.stderr, flush=True)


def programs(language: str, directory: Path, pool, options):
    """The first --seeds usable programs from --first-seed on, in order."""
    def attempt(seed):
        try:
            return make(seed, language, directory,
                        shared_statics=bool(options.plugin))
        except Unusable as reason:
            return f"seed {seed} {language} skipped: {reason}"

    seed, found = options.first_seed, 0
    while found < options.seeds:
        missing = options.seeds - found
        for made in pool.map(attempt, range(seed, seed + missing)):
            if isinstance(made, str):
                say(made)
            else:
                found += 1
                yield made
        seed += missing
        if options.seed is not None:
            return
        if seed > options.first_seed + 100 + 10 * options.seeds:
            raise SystemExit("differential: hardly any seed can be used")


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--plugin", metavar="SO", help="the plugin; without it, stock is run")
    add("--seeds", type=int, default=25, metavar="N",
        help="programs of each language (default 25)")
    add("--first-seed", type=int, default=1, metavar="S")
    add("--seed", type=int, metavar="S", help="only this seed, and its output")
    add("--lang", action="append", choices=LANGUAGES, help="default: all")
    add("--mode", action="append", choices=STOCK_MODES + TIERED_MODES,
        help="default: all; may be given more than once, like --lang")
    add("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="J",
        help="sessions at a time (default: one for each core)")
    add("--timeout", type=float, default=SESSION_SECONDS, metavar="SECONDS",
        help=f"for one session (default {SESSION_SECONDS})")
    add("--repl-arg", action="append", default=[], metavar="ARG",
        help="one more argument for clang-repl: --repl-arg=--Xcc=-O1")
    add("--expect", metavar="REGEX", help="each session must print this too")
    add("--keep", type=Path, metavar="DIR",
        help="keep programs, sessions and their output here")
    options = parser.parse_args()
    if options.seed is not None:
        options.first_seed, options.seeds = options.seed, 1
    if options.plugin:
        options.plugin = os.path.abspath(options.plugin)
    allowed = TIERED_MODES if options.plugin else STOCK_MODES
    options.mode = options.mode or allowed
    for mode in set(options.mode) - set(allowed):
        parser.error(f"mode {mode} is not for "
                     f"{'the plugin' if options.plugin else 'stock'}")
    options.lang = options.lang or list(LANGUAGES)
    return options


def main() -> int:
    options = arguments()
    for tool in CLANG, REPL, CSMITH[0], "prlimit":
        if not shutil.which(tool):
            raise SystemExit(f"differential: {tool} is not installed")
    if not Path(RUNTIME, "csmith.h").exists():
        raise SystemExit("differential: libcsmith-dev is not installed")
    directory = options.keep or Path(tempfile.mkdtemp(prefix="differential-"))
    directory.mkdir(parents=True, exist_ok=True)
    directory = directory.resolve()
    prepare(directory)
    passed = failed = 0
    sources = {}
    with ThreadPoolExecutor(options.jobs) as pool:
        waiting = []
        for language in options.lang:
            for program, source in programs(language, directory, pool, options):
                sources[program.seed, language] = source
                waiting += [pool.submit(run_session, program, mode, directory,
                                        options) for mode in options.mode]
        for done in waiting:
            session = done.result()
            if session.failure:
                failed += 1
                report(session, sources[session.program.seed,
                                        session.program.language], options)
            else:
                passed += 1
                if options.seed is not None:
                    say(session.output)
    if not failed and not options.keep:
        shutil.rmtree(directory)
    print(f"differential: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
