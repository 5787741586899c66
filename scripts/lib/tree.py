"""What the checkers share: which files there are, and what they include."""

import os
import re
import subprocess

SOURCE = (".hpp", ".cpp", ".h")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def tracked(root, endings):
    """Paths below root, relative, under version control (all of them where there is no git)."""
    # A tree inside another project's checkout (a test's) is not that project.
    if os.path.exists(os.path.join(root, ".git")):
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True, text=True
        ).stdout.split("\0")
    else:
        listed = []
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if f not in ("build", ".git")]
            listed += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(p for p in listed if p.endswith(endings) and os.path.isfile(os.path.join(root, p)))


def includes(root, path):
    """(line number, included text) of every include in a file."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1) or match.group(2)


def is_public_header(path):
    """Installed: what programs may include."""
    parts = path.split("/")
    return (
        path.endswith(".hpp")
        and parts[0] in ("spargio", "companions")
        and "detail" not in parts
        and "tests" not in parts
    )
