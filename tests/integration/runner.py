"""What the run.py of each example has in common: it lists the tests beside it, or runs some.

Exit code 77 says that a test was skipped and prints why; ctest shows it as skipped.
"""

import argparse
import unittest


def all_tests(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from all_tests(item)
        else:
            yield item


def main(here, options, begin):
    """`begin` gets what was given for `options`, before the first test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    for option in options:
        parser.add_argument(option)
    parser.add_argument("tests", nargs="*")
    chosen = parser.parse_args()

    loader = unittest.TestLoader()
    if chosen.list:
        print("\n".join(t.id() for t in all_tests(loader.discover(here, "*_test.py"))))
        return 0
    begin(chosen)
    tests = (
        loader.loadTestsFromNames(chosen.tests)
        if chosen.tests
        else loader.discover(here, "*_test.py")
    )
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    if not result.wasSuccessful() or result.testsRun == 0:
        return 1
    return 77 if result.skipped else 0
