#!/usr/bin/env python3
"""Tests of the benchmark's own arithmetic; starts no engine."""

from __future__ import annotations

import unittest
from pathlib import Path

import fixed
import long
import techniques
import tier0
from reopt_bench import figures, first_answers, programs, runtime_figures, targets
from reopt_bench.engines import AOT, REOPT, STOCK, Tools, make_reopt
from reopt_bench.figures import AFTER_PAUSE, SESSION, STEADY, Measurements, Table
from reopt_bench.programs import Program
from reopt_bench.runtime_figures import RuntimeFigures
from reopt_bench.sessions import (
    Call,
    Mark,
    SessionFailure,
    SessionRun,
    run_paused_session,
)
from reopt_bench.targets import Target, judge


class CuttingInputs(unittest.TestCase):
    def test_joins_lines_and_keeps_directives_apart(self):
        text = (
            "// Says what.\n#include <vector>\nint a;\n"
            "//--- input\nint f() {\n  return a; // now\n}\n"
        )
        self.assertEqual(
            programs.split_inputs(text, "t"),
            ["#include <vector>", "int a;", "int f() { \\\nreturn a; \\\n}"],
        )

    def test_refuses_what_cannot_be_joined(self):
        for line in ['auto url = "http://x";', "#define A \\"]:
            with self.assertRaises(programs.ProgramError):
                programs.split_inputs(line, "t")

    def test_every_kernel_defines_its_entry_and_fits(self):
        kernels = programs.load_kernels()
        self.assertGreaterEqual(len(kernels), 16)
        for kernel in kernels:
            self.assertTrue(
                any("long kernel_run()" in text for text in kernel.inputs), kernel.name
            )

    def test_few_functions_of_the_wide_set_are_called(self):
        inputs = programs.wide_input_set().inputs
        self.assertGreater(inputs[0].count("long wide_"), 1000)
        called = sum(text.count("wide_") for text in inputs[1:])
        self.assertEqual(called, programs.WIDE_CALLED)
        self.assertLess(called, 100)


class SteadyState(unittest.TestCase):
    def test_is_the_median_of_the_last_third(self):
        self.assertEqual(figures.steady_median([9, 9, 9, 9, 9, 9, 1, 2, 3]), 2)
        self.assertEqual(figures.steady_median([7]), 7)

    def test_begins_after_the_slow_calls(self):
        self.assertEqual(figures.first_steady_call([10.0] * 8 + [2.0] * 40), 8)

    def test_forgives_single_slow_calls(self):
        durations = [10.0] * 3 + [2.0] * 40
        durations[20] = durations[30] = 6.0
        self.assertEqual(figures.first_steady_call(durations), 3)

    def test_is_not_fooled_by_a_single_fast_call(self):
        durations = [10.0, 2.0] + [10.0] * 6 + [2.0] * 40
        self.assertEqual(figures.first_steady_call(durations), 8)

    def test_may_never_come(self):
        self.assertIsNone(figures.first_steady_call([1.0, 2.0, 4.0, 8.0] * 12))


class Ratios(unittest.TestCase):
    def make_table(self) -> Table:
        table = Table([STEADY, SESSION], [REOPT, STOCK, AOT])
        for engine, steady, session in [
            (REOPT, [1.0, 30.0], [400.0, 400.0]),
            (STOCK, [4.0, 80.0], [1600.0, 1600.0]),
            (AOT, [1.0, 20.0], [300.0, 300.0]),
        ]:
            times = [
                {STEADY.key: a, SESSION.key: b} for a, b in zip(steady, session)
            ]
            table.add("kernel", engine, times)
        return table

    def test_are_taken_within_a_repeat(self):
        shown = self.make_table().shown(STEADY, "kernel", REOPT)
        self.assertEqual(shown, (1.0 + 1.5) / 2)

    def test_leave_failed_runs_out(self):
        table = self.make_table()
        table.add("other", REOPT, [{}, {}])
        self.assertIsNone(table.shown(STEADY, "other", REOPT))
        self.assertEqual(table.geometric_mean(STEADY, REOPT), 1.25)

    def test_decide_the_targets(self):
        inputs = Table([], [REOPT, STOCK])
        pauses = Table([AFTER_PAUSE], [REOPT, AOT])
        for engine, time in [(REOPT, 2.2), (AOT, 2.0)]:
            pauses.add("kernel", engine, [{AFTER_PAUSE.key: time}])
        steady, worst, settled, paused, slowest, jit, wide, session, hook = judge(
            self.make_table(), pauses, inputs, 1500.0
        )
        self.assertEqual(steady.verdict, "missed")
        self.assertEqual((worst.verdict, worst.detail), ("missed", "kernel"))
        self.assertEqual((paused.measured, paused.verdict), (1.1, "met"))
        self.assertEqual((slowest.verdict, slowest.detail), ("met", "kernel"))
        for absent in (settled, jit, wide):
            self.assertEqual(absent.verdict, "not measured")
        self.assertEqual((session.measured, session.verdict), (0.25, "met"))
        self.assertEqual((hook.measured, hook.verdict), (1.5, "met"))
        self.assertIsInstance(hook, Target)


class PausedSessions(unittest.TestCase):
    def test_go_on_after_the_mark(self):
        session = "read a; echo warning: bench-mark >&2; read b; echo bench checksum $b"
        run = run_paused_session(["sh", "-c", session], "1\n", 0.0, "2\n", 60)
        self.assertEqual((len(run.driver_marks), run.checksum), (1, 2))

    def test_end_when_the_session_does(self):
        with self.assertRaises(SessionFailure):
            run_paused_session(["sh", "-c", "exit 3"], "1\n", 0.0, "2\n", 60)

    def test_say_the_first_call(self):
        harness, kernel = Program("h", "int h;\n"), Program("k", "#include <k>\nint k;\n")
        before, after = programs.paused_session(harness, kernel)
        self.assertEqual(before.splitlines()[:3], ["int h;", "#include <k>", "int k;"])
        self.assertIn("bench_run(kernel_run, 1);", after)


class FirstAnswers(unittest.TestCase):
    def run_of(self, first_answer_ms: int) -> SessionRun:
        mark = Mark(5_000_000 + first_answer_ms * 1_000_000, 2_000_000)
        return SessionRun(5_000_000, wall_ns=10**9, driver_marks=[mark], checksum=1)

    def test_count_from_the_start_of_the_process(self):
        programs_run = [Program("five_headers", "")]
        prelude = first_answers.WITH_PRELUDE[REOPT]
        runs = {"five_headers": {
            STOCK: [self.run_of(100), self.run_of(200)],
            prelude: [self.run_of(30), self.run_of(100)],
        }}  # fmt: skip
        table = first_answers.first_answer_table(programs_run, runs, [STOCK, prelude])
        target, build = first_answers.judge(table, 1.5)
        self.assertAlmostEqual(target.measured, 0.4)
        self.assertEqual((target.verdict, build.verdict), ("met", ""))

    def test_are_written_to_be_typed(self):
        for program in programs.load_first_answers():
            self.assertIn("bench checksum", program.inputs[-1], program.name)


class LongSessions(unittest.TestCase):
    def test_compare_the_first_inputs_with_the_last(self):
        times = [10.0] * 100 + [99.0] * 50 + [11.0] * 100
        at, marks = 0.0, [0.0]
        for time in times:
            at += time
            marks.append(at)
        text = "\n".join(["grown 5000", *(f"mark {mark:.6f}" for mark in marks)])
        figures_of = long.read_report(text + "\n", 10 * len(marks))
        self.assertEqual(figures_of["grown"], 5000)
        self.assertAlmostEqual(figures_of["first"], 10.0)
        self.assertAlmostEqual(figures_of["ratio"], 1.1)
        with self.assertRaises(ValueError):
            long.read_report(text, 10)

    def test_type_what_they_say(self):
        inputs = long.session(20).strip().split("\n")
        ten = long.TEN.strip().split("\n")
        self.assertEqual(len(ten), long.PERIOD + 1)
        self.assertEqual(sum(line == "mark();" for line in inputs), 2)
        self.assertIn("int f10(int n) { return n + 13; }", inputs)


class Phases(unittest.TestCase):
    def test_are_sorted_by_the_innermost(self):
        stacks = [
            "repl\n 1 f\n 2 llvm::legacy::PassManagerImpl::run\n 3 llvm::orc::Lookup",
            "repl\n 1 malloc\n 2 llvm::orc::Lookup",
            "repl\n 1 _dl_relocate_object",
        ]
        shares = fixed.sort_samples("\n\n".join(stacks) + "\n\n")
        self.assertEqual(
            shares,
            {"code generation": 1, "the rest of the JIT": 1, fixed.START: 1},
        )


class RuntimeTable(unittest.TestCase):
    """From what Google Benchmark prints to the table."""

    def run_of(self, name: str, cpu_time: float, **counters: float) -> dict:
        return {
            "run_name": name, "run_type": "iteration", "cpu_time": cpu_time,
            "time_unit": "ns", **counters,
        }  # fmt: skip

    def targets_of(self, *runs: dict) -> dict[str, Target]:
        figures = RuntimeFigures({"benchmarks": list(runs)})
        return {t.text: t for t in runtime_figures.judge(figures, 1500.0)}

    def test_takes_medians_of_repetitions_without_aggregates(self):
        runs = [
            self.run_of("call/direct/repeats:3", time) for time in (1.0, 9.0, 2.0)
        ]
        mean = self.run_of("call/direct/repeats:3", 4.0) | {"run_type": "aggregate"}
        figures = RuntimeFigures({"benchmarks": runs + [mean]})
        self.assertEqual(figures.get("call/direct", "cpu_ns"), 2.0)

    def test_reads_other_units_of_time(self):
        run = self.run_of("scale/layer/1000/iterations:1", 3.0) | {"time_unit": "ms"}
        figures = RuntimeFigures({"benchmarks": [run]})
        self.assertEqual(figures.get("scale/layer/1000", "cpu_ns"), 3e6)

    def test_shows_what_a_stub_adds(self):
        found = self.targets_of(
            self.run_of("call/direct", 2.0), self.run_of("call/stub", 3.5)
        )
        target = found["call through a stub, beyond a direct call"]
        self.assertEqual((target.measured, target.verdict), (1.5, "missed"))

    def test_compares_the_stalls_of_the_most_functions(self):
        def stalls(name: str, ns: float) -> dict:
            fields = {
                f"{kind}_{key}_ns": ns
                for kind in ("stall", "near", "floor", "floor_near")
                for key in ("p50", "p99", "p999", "max")
            }
            fields["waits"] = 0
            return self.run_of(f"{name}/iterations:1", 0, functions=2000, **fields)

        found = self.targets_of(
            stalls("stall/ours/100", 9e9),
            stalls("stall/ours/2000", 2e3),
            stalls("stall/llvm/2000", 4e6),
        )
        target = found["stall of a hot caller, 99.9th percentile, ours / LLVM's layer"]
        self.assertEqual((target.measured, target.verdict), (0.5, "met"))
        self.assertEqual(target.detail, "2000 functions each")

    def test_divides_by_the_number_of_functions(self):
        found = self.targets_of(
            self.run_of("scale/redefinable/1000/iterations:10", 1e6),
            self.run_of("scale/redefinable/10000/iterations:1", 13e6),
        )
        target = found["10,000 redefinable functions / 1,000, each"]
        self.assertAlmostEqual(target.measured, 1.3)
        self.assertEqual(target.verdict, "missed")

    def test_does_not_show_what_failed(self):
        failed = self.run_of("call/direct", 2.0) | {
            "error_occurred": True, "error_message": "a wrong answer",
        }  # fmt: skip
        figures = RuntimeFigures({"benchmarks": [self.run_of("call/direct", 1.0), failed]})
        self.assertEqual(figures.failures, ["call/direct: a wrong answer"])
        self.assertIsNone(figures.get("call/direct", "cpu_ns"))

    def test_is_whole_when_nothing_ran(self):
        found = self.targets_of()
        verdicts = {t.verdict for t in found.values() if t.measured is None}
        self.assertEqual(verdicts, {"not measured"})
        self.assertEqual([t.text for t in found.values() if t.measured], [
            "trip of the hook, 99th percentile"
        ])  # fmt: skip

    def test_is_aligned(self):
        rows = [
            Target("short", 1.0, "ns", 0.5, "why"),
            Target("somewhat longer", None, "bytes", 12.0),
            Target("gone", 2.0, "", None),
        ]
        lines = targets.as_text(rows).split("\n")
        self.assertEqual(lines[0].index("≤"), len("somewhat longer   "))
        self.assertEqual({line.find("0.50 ns") + 7 for line in lines[:1]},
                         {line.find("12.00 bytes") + 11 for line in lines[1:2]})  # fmt: skip
        self.assertTrue(lines[2].endswith("not measured"))
        self.assertEqual(
            targets.as_markdown(rows, details=True).split("\n")[2],
            "| short | ≤ 1.00 ns | 0.50 ns | met; why |",
        )


class TierZero(unittest.TestCase):
    def run_of(self, *cpu_ms: float) -> SessionRun:
        calls = [Call(0, 10**9, int(ms * 1e6)) for ms in cpu_ms]
        return SessionRun(0, 0, driver_marks=[], calls=calls, checksum=1)

    def test_compares_the_median_calls_in_cpu_time(self):
        table = tier0.call_table(Measurements({
            "fib": {
                tier0.COUNTING: [self.run_of(90, 90, 4.4, 4, 5, 4.4), None],
                tier0.PLAIN: [self.run_of(90, 90, 4, 3, 4, 9), self.run_of(1, 1, 1)],
            },
        }, {}))  # fmt: skip
        target = tier0.judge(table)
        self.assertAlmostEqual(target.measured, 1.1)
        self.assertEqual(target.verdict, "missed")
        self.assertEqual(target.detail, "1 of 1 kernels; worst fib")

    def test_keeps_to_tier_0_what_was_defined_while_tiering_was_on(self):
        kernel = Program("k", "long kernel_run() { return 1; }")
        lines = programs.tier_zero_session(Program("h", ""), kernel, 7).split("\n")
        self.assertEqual(
            lines[:3], [kernel.text, "%reopt off", "bench_run(kernel_run, 7);"]
        )


class Techniques(unittest.TestCase):
    def test_are_shown_by_their_mean_and_both_ends(self):
        def run_of(ms: float) -> SessionRun:
            call = Call(0, int(ms * 1e6), 0)
            return SessionRun(0, int(ms * 1e6), [], [0, 0, 0], [call] * 10, 1)

        name, options = next(iter(techniques.TECHNIQUES.items()))
        measured = Measurements({
            "a": {REOPT: [run_of(2), run_of(4)], name: [run_of(1), run_of(2)]},
            "b": {REOPT: [run_of(1), None], name: [run_of(8), run_of(8)]},
        }, {})  # fmt: skip
        tables = techniques.make_tables(measured, [], cpu_time=False)
        grid = techniques.make_grid({name: options}, tables)
        self.assertEqual(
            [column.cells for column in grid.columns[:4]],
            [[" ".join(options)], ["2.00"], ["0.50 a"], ["8.00 b"]],
        )
        self.assertEqual(len(grid.columns), 1 + 3 * len(techniques.KERNEL_FIGURES))

    def test_are_turned_off_by_arguments_of_the_plugin(self):
        tools = Tools("repl", "", Path("p.so"), 1)
        self.assertEqual(
            make_reopt(tools, "x", ["osr=off"]).command,
            ["repl", "--Xcc=-fplugin=p.so", "--Xcc=-fplugin-arg-reopt-osr=off"],
        )
        self.assertEqual(
            make_reopt(tools, "x", ["glibc.a=1", "osr=off", "glibc.b=2"]).command[:3],
            ["env", "GLIBC_TUNABLES=glibc.a=1:glibc.b=2", "repl"],
        )


class Answers(unittest.TestCase):
    def run_with(self, checksum: int) -> SessionRun:
        return SessionRun(started_ns=0, wall_ns=0, driver_marks=[], checksum=checksum)

    def test_must_agree(self):
        same = {"aot": [self.run_with(1)], "stock": [self.run_with(1), None]}
        other = {"aot": [self.run_with(1)], "stock": [self.run_with(2)]}
        wavering = {"aot": [self.run_with(1), self.run_with(2)]}
        failed = {"aot": [self.run_with(1)], "stock": [None]}
        found = figures.checksum_mismatches(
            Measurements(
                {"same": same, "other": other, "wavering": wavering},
                {"failed": failed},
            )
        )
        self.assertEqual([line.split(":")[0] for line in found], ["other", "wavering"])


if __name__ == "__main__":
    unittest.main()
