#!/usr/bin/env python3
"""Includes point only downward; public headers leak neither internals nor the kernel.

check_layers.py [ROOT]: prints one line for each wrong include and ends with 1 if there is one.
"""

import re
import sys

import tree

# From the ground up. A folder may include its own and those before it.
FLOORS = [
    "core",
    "ring",
    "shard",
    "runtime",
    "time",
    "sync",
    "boundary",
    "io",
    "fs",
    "net",
    "native",
    "testing",
]
LEVEL = {name: level for level, name in enumerate(FLOORS)}

# Companions stand beside each other; these stand on one another.
COMPANION_USES = {"ws": {"tls"}, "quic": {"tls"}}

# What a floor does not know, whoever includes it.
FORBIDDEN = {
    "core": (r"condition_variable|mutex|semaphore|unistd\.h|pthread\.h|sys/.*|linux/.*|liburing.*", "no threads, no kernel"),
    "ring": (r"spargio/core/task\.hpp|coroutine", "no tasks"),
}
KERNEL = re.compile(r"liburing(\.h|/.*)|linux/.*")


def folder_of(path):
    """('spargio', 'net'), ('companions', 'tls'), ('spargio', None) for the umbrella, or None."""
    parts = path.split("/")
    if parts[0] not in ("spargio", "companions"):
        return None
    return parts[0], parts[1] if len(parts) > 2 else None


def fault(path, target):
    """Why `path` may not include `target`; None if it may."""
    here, there = folder_of(path), folder_of(target)
    if here is None:
        if path.startswith("examples/") and "/detail/" in target:
            return "an example uses what programs may use: public headers"
        return None
    house, floor = here

    if tree.is_public_header(path):
        if KERNEL.fullmatch(target):
            return "a public header leaks no kernel or liburing header"
        if "/detail/" in target or target.startswith("detail/"):
            return "a public header includes no internal one: detail/ is not installed"
    if house == "spargio" and floor in FORBIDDEN:
        pattern, reason = FORBIDDEN[floor]
        if re.fullmatch(pattern, target):
            return f"{floor}: {reason}"
    if there is None:
        return None

    if house == "companions":
        if there == ("spargio", "testing") and "/tests/" not in path:
            return "testing is for tests"
        if there[0] == "companions" and there[1] not in {floor} | COMPANION_USES.get(floor, set()):
            return f"companion {floor} does not stand on companion {there[1]}"
        return None
    if there[0] == "companions":
        return "the library does not know its companions"
    if floor is None:
        return "testing is for tests" if there[1] == "testing" else None
    if floor not in LEVEL:
        return f"folder {floor} has no floor: name it in scripts/lib/check_layers.py"
    if there[1] is None:
        return "the umbrella header is for programs"
    if there[1] not in LEVEL:
        return f"folder {there[1]} has no floor: name it in scripts/lib/check_layers.py"
    if LEVEL[there[1]] > LEVEL[floor]:
        return f"{floor} stands below {there[1]}"
    return None


def check(root):
    faults = []
    for path in tree.tracked(root, tree.SOURCE):
        for line, target in tree.includes(root, path):
            reason = fault(path, target)
            if reason:
                faults.append(f"{path}:{line}: {target}: {reason}")
    return faults


def main(arguments):
    root = arguments[0] if arguments else "."
    faults = check(root)
    print("\n".join(faults + [f"layers: {len(faults)} wrong includes"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
