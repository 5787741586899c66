"""Runs keyed_router tests: run.py --list, or run.py --server PROGRAM TEST..."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import harness
import runner


def begin(chosen):
    harness.PROGRAM = chosen.server


if __name__ == "__main__":
    sys.exit(runner.main(HERE, ["--server"], begin))
