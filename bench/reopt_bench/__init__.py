"""The parts of `bench/session.py`: what is run, by what, and what comes of it.

programs    the C++ texts: kernels and input sets, cut in inputs
sessions    one run of one text in one process, with its clocks
engines     the four engines that are put side by side
machine     names the machine and the compiler
progress    what is shown on standard error meanwhile
figures     what is computed from the clocks, and what each figure means
targets     the five figures to reach
grid        a table as text and as Markdown
report      tables for the terminal, Markdown and JSON
"""
