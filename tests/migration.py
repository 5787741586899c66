#!/usr/bin/env python3
"""Builds one test with another compiler or level of optimisation, and runs it.

migration.py SOURCE PROGRAM -- COMPILER FLAGS... LIBRARIES...
"""

import subprocess
import sys


def main(arguments):
    if len(arguments) < 4 or arguments[2] != "--":
        print(__doc__)
        return 2
    source, program, command = arguments[0], arguments[1], arguments[3:]
    # The source before the libraries it needs.
    libraries = [each for each in command if each.startswith("-l") or each.endswith((".a", ".so"))]
    flags = [each for each in command if each not in libraries]
    built = subprocess.run([*flags, source, "-o", program, *libraries], check=False)
    return built.returncode or subprocess.run([program], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
