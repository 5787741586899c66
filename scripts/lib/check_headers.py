#!/usr/bin/env python3
"""Each public header compiles alone, twice in one file, and brings no liburing in.

check_headers.py [--compiler=CXX ...] [--jobs=N] [ROOT]
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

import tree

# Programs include these under warnings of their own, of which -Wshadow sees the most in headers.
FLAGS = ["-std=c++23", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-I.", "-DSPARGIO_ASSERTIONS"]
LEAK = re.compile(r"^\.+ (\S*(?:liburing(?:\.h|/)|linux/io_uring\.h)\S*)", re.MULTILINE)


def check_header(root, compiler, path):
    """What is wrong with one header, or None."""
    program = f'#include "{path}"\n' * 2
    done = subprocess.run(
        [compiler, *FLAGS, "-fsyntax-only", "-H", "-x", "c++", "-"],
        input=program, capture_output=True, text=True, cwd=root,
    )
    if done.returncode != 0:
        # -H writes the tree of includes to the same place as the errors.
        lines = [l for l in done.stderr.splitlines() if not re.match(r"^(\.+ |/|Multiple)", l)]
        return f"{path}: does not compile alone with {compiler}:\n" + "\n".join(lines[:15] or done.stderr.splitlines()[-15:])
    leak = LEAK.search(done.stderr)
    if leak:
        return f"{path}: brings in {leak.group(1)}"
    return None


def check(root, compilers, jobs):
    headers = [p for p in tree.tracked(root, ".hpp") if tree.is_public_header(p)]
    work = [(compiler, path) for compiler in compilers for path in headers]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        found = pool.map(lambda item: check_header(root, *item), work)
        return headers, [fault for fault in found if fault]


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", action="append")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("root", nargs="?", default=".")
    options = parser.parse_args(arguments)
    compilers = options.compiler or [os.environ.get("CXX", "g++")]
    headers, faults = check(options.root, compilers, options.jobs)
    print("\n".join(faults))
    print(f"headers: {len(headers)} public, each alone with {', '.join(compilers)}: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
