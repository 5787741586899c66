#!/usr/bin/env python3
"""Builds tests with another compiler or level of optimisation, and runs them.

migration.py SOURCES... PROGRAM -- COMPILER FLAGS... LIBRARIES...

With SPARGIO_LONG in the environment spargio itself is built that way too, which takes minutes.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile


def build_library(flags, folder):
    """The objects of spargio without its testing part, or None."""
    root = pathlib.Path(__file__).resolve().parent.parent
    sources = [each for each in sorted(root.glob("spargio/**/*.cpp"))
               if not each.is_relative_to(root / "spargio/testing")]
    objects = [str(folder / f"{number}.o") for number in range(len(sources))]

    def build(source, target):
        return subprocess.run([*flags, "-c", str(source), "-o", target], check=False).returncode

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = any(pool.map(build, sources, objects))
    return None if failed else objects


def main(arguments):
    split = arguments.index("--") if "--" in arguments else 0
    if split < 2 or split + 1 == len(arguments):
        print(__doc__)
        return 2
    sources, program, command = arguments[:split - 1], arguments[split - 1], arguments[split + 1:]
    # The sources before the libraries they need.
    libraries = [each for each in command if each.startswith("-l") or each.endswith((".a", ".so"))]
    flags = [each for each in command if each not in libraries]
    with tempfile.TemporaryDirectory() as folder:
        if os.environ.get("SPARGIO_LONG"):
            objects = build_library(flags, pathlib.Path(folder))
            if objects is None:
                return 1
            sources = [*sources, *objects]
        built = subprocess.run([*flags, *sources, "-o", program, *libraries], check=False)
    return built.returncode or subprocess.run([program], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
