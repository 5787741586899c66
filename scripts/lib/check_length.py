#!/usr/bin/env python3
"""A file holds one idea: about 150 lines, 400 at most.

check_length.py [ROOT]: ends with 1 if a file is longer and scripts/lib/long_files.txt gives no reason,
or gives one for a file that no longer needs it.
"""

import os
import sys

import tree

WISH, LIMIT = 150, 400
ENDINGS = tree.SOURCE + (".py", ".sh", ".cmake", "CMakeLists.txt", ".rs", ".go")
REASONS = "scripts/lib/long_files.txt"


def read_reasons(root):
    """path -> reason. One a line: path, white space, reason."""
    path = os.path.join(root, REASONS)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        lines = [line.split(None, 1) for line in file if line.strip() and line[0] != "#"]
    return {parts[0]: parts[1].strip() if len(parts) > 1 else "" for parts in lines}


def check(root):
    lengths = {}
    for path in tree.tracked(root, ENDINGS):
        with open(os.path.join(root, path), "rb") as file:
            lengths[path] = file.read().count(b"\n")
    reasons = read_reasons(root)
    faults = []
    for path, length in sorted(lengths.items()):
        if length > LIMIT and not reasons.get(path):
            faults.append(f"{path}: {length} lines, {LIMIT} at most: split it, or say why not in {REASONS}")
    for path in sorted(reasons):
        if lengths.get(path, 0) <= LIMIT:
            faults.append(f"{REASONS}: {path} needs no exception (any more)")
    return lengths, faults


def main(arguments):
    lengths, faults = check(arguments[0] if arguments else ".")
    over = sorted(((n, p) for p, n in lengths.items() if n > WISH), reverse=True)
    for length, path in over[:5]:
        print(f"   {length:4} {path}")
    print("\n".join(faults))
    print(f"length: {len(lengths)} files, {len(over)} above {WISH} lines, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
