"""The lit tests: what a user sees, inside the stock clang-repl.

A test names the host by a substitution, so that no test repeats how the plugin
is loaded:

  %clang_repl   the stock clang-repl, without us
  %reopt_repl   the same with the plugin; options may follow, such as
                --Xcc=-fplugin-arg-reopt-threshold=1
  %plugin       the plugin's path
  %with_prelude what gives a session a precompiled header
  %script       the script `reopt`
  %clangxx      the ahead-of-time compiler of the same LLVM

FileCheck, not and count are those of the same LLVM.
"""

import importlib.util
import os

import lit.formats

config.name = "Reopt"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".cpp", ".c", ".test"]
config.excludes = ["Inputs", "unit", "differential"]
config.test_source_root = config.reopt_source_root
config.test_exec_root = config.reopt_exec_root

config.environment["PATH"] = os.pathsep.join(
    [config.llvm_tools_dir, config.environment.get("PATH", os.defpath)]
)
# clang-repl keeps its history in the home directory; the user's stays as it is.
config.environment["HOME"] = config.test_exec_root

source = os.path.dirname(config.reopt_source_root)
# Whether answers stay the same when every loop leaves tier 0 at its first poll
# (1) or after a random number of iterations (2): lit-22 -D osr-stress=1 build/test
stress = lit_config.params.get("osr-stress")
stressed = ""
if stress:
    stressed = f"{config.reopt_source_root}/stressed_repl.py {stress} "
    config.available_features.add("osr-stress")

# How long a session happens to wait for its next line is no test's business: who
# wants what comes of it says %reopt speculate now.
unhurried = "--Xcc=-fplugin-arg-reopt-speculate-after=1000000"

config.substitutions += [
    ("%with_prelude", os.path.join(source, "prelude", "with-prelude")),
    ("%script", os.path.join(source, "reopt")),
    ("%clang_repl", config.clang_repl),
    ("%reopt_repl", f"{stressed}{config.clang_repl} --Xcc=-fplugin={config.reopt_plugin} {unhurried}"),
    ("%plugin", config.reopt_plugin),
    ("%clangxx", os.path.join(config.llvm_tools_dir, "clang++")),
]

# A session that hangs fails instead of stopping the whole run. lit can only end
# a test when psutil is there.
if importlib.util.find_spec("psutil"):
    lit_config.maxIndividualTestTime = 120
