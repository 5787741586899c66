"""Runs ingest tests: run.py --list, or run.py --server S --client C --work DIR TEST..."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import harness
import runner


def begin(chosen):
    harness.PROGRAMS.update(server=chosen.server, client=chosen.client)
    harness.WORK = chosen.work


if __name__ == "__main__":
    sys.exit(runner.main(HERE, ["--server", "--client", "--work"], begin))
