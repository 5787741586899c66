#!/usr/bin/env python3
"""What the documents show is true: the README's program compiles, links between pages lead somewhere."""

import os
import re
import subprocess
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def pages():
    listed = [name for name in os.listdir(ROOT) if name.endswith(".md")]
    for folder, _, files in os.walk(os.path.join(ROOT, "docs")):
        listed += [os.path.relpath(os.path.join(folder, f), ROOT) for f in files if f.endswith(".md")]
    return sorted(listed)


def dead_links(path, text):
    """Relative links of a page that lead to no file."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:|#", target):
            continue
        file = os.path.join(ROOT, os.path.dirname(path), target.split("#")[0])
        if not os.path.exists(file):
            yield f"{path}: {target}"


class Documents(unittest.TestCase):
    def test_first_program_compiles(self):
        program = re.search(r"```cpp\n(.*?)```", read("README.md"), re.DOTALL).group(1)
        done = subprocess.run(
            [os.environ.get("CXX", "g++"), "-std=c++23", "-Wall", "-Wextra", "-Werror", "-I.",
             "-fsyntax-only", "-x", "c++", "-"],
            input=program, capture_output=True, text=True, cwd=ROOT,
        )
        self.assertEqual(0, done.returncode, done.stderr)

    def test_links_lead_somewhere(self):
        self.assertEqual([], [link for page in pages() for link in dead_links(page, read(page))])

    def test_index_of_the_design_names_every_page(self):
        index = read("docs/design/README.md")
        names = os.listdir(os.path.join(ROOT, "docs", "design"))
        missing = [n for n in names if n.endswith(".md") and n != "README.md" and f"({n})" not in index]
        self.assertEqual([], missing)

    def test_dead_link_is_seen(self):
        self.assertEqual(["README.md: no.md"], list(dead_links("README.md", "[a](no.md) [b](LICENSE)")))


if __name__ == "__main__":
    unittest.main()
