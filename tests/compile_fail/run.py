#!/usr/bin/env python3
"""A program that must not compile, and must not for the reason it names.

run.py FILE -- COMPILER FLAGS...: the file's first line is `// error: <regular expression>`. It must
compile as it is, and fail with that error when SPARGIO_MUST_FAIL is defined. Without the first half
a typing error would pass for the refusal the test is about.
"""

import re
import subprocess
import sys


def compile_file(command, path, *extra):
    done = subprocess.run([*command, "-fsyntax-only", *extra, path], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main(arguments):
    if len(arguments) < 3 or arguments[1] != "--":
        print(__doc__)
        return 2
    path, command = arguments[0], arguments[2:]
    with open(path, encoding="utf-8") as file:
        first = re.fullmatch(r"// error: (.+)\n", file.readline())
    if not first:
        print(f"{path}:1: the first line must be '// error: <regular expression>'")
        return 1
    expected = first.group(1)

    code, output = compile_file(command, path)
    if code != 0:
        print(f"{path}: must compile without SPARGIO_MUST_FAIL, but:\n{output}")
        return 1
    code, output = compile_file(command, path, "-DSPARGIO_MUST_FAIL")
    if code == 0:
        print(f"{path}: compiles with SPARGIO_MUST_FAIL; expected an error: {expected}")
        return 1
    errors = "\n".join(line for line in output.splitlines() if "error:" in line)
    if not re.search(expected, errors):
        print(f"{path}: fails, but not for '{expected}':\n{output}")
        return 1
    print(f"{path}: refused as expected: {expected}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
