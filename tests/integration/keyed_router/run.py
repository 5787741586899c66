"""Runs keyed_router tests: run.py --list, or run.py --server PROGRAM TEST...

Exit code 77 says that a test was skipped and prints why; ctest shows it as skipped.
"""

import argparse
import pathlib
import sys
import unittest

import harness


def all_tests(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from all_tests(item)
        else:
            yield item


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--server")
    parser.add_argument("tests", nargs="*")
    chosen = parser.parse_args()

    loader = unittest.TestLoader()
    if chosen.list:
        print("\n".join(t.id() for t in all_tests(loader.discover(here, "*_test.py"))))
        return 0
    harness.PROGRAM = chosen.server
    sys.path.insert(0, str(here))
    tests = (
        loader.loadTestsFromNames(chosen.tests)
        if chosen.tests
        else loader.discover(here, "*_test.py")
    )
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    if not result.wasSuccessful() or result.testsRun == 0:
        return 1
    return 77 if result.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
