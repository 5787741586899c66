#!/usr/bin/env python3
"""What the documents show is true: the README's program compiles, links between pages lead
somewhere, the tests that pages name exist."""

import fnmatch
import glob
import json
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
    for top in ("docs", "bench", "examples"):
        for folder, _, files in os.walk(os.path.join(ROOT, top)):
            listed += [os.path.relpath(os.path.join(folder, f), ROOT) for f in files if f.endswith(".md")]
    return sorted(listed)


def anchors(path):
    """What GitHub calls the headings of a page."""
    for heading in re.findall(r"^#+ (.*)", read(path), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def dead_links(path, text):
    """Relative links of a page that lead to no file, or to no heading of one."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        file = os.path.join(os.path.dirname(path), file) if file else path
        if not os.path.exists(os.path.join(ROOT, file)) or (anchor and anchor not in anchors(file)):
            yield f"{path}: {target}"


def tests_there_are():
    """folder -> its tests, as "Suite.Name" or "Instance/Suite.Name"."""
    there = {}
    for source in glob.glob(os.path.join(ROOT, "tests", "*", "*.[ch]pp")) + \
            glob.glob(os.path.join(ROOT, "examples", "*", "tests", "*.cpp")):
        with open(source, encoding="utf-8") as file:
            text = file.read()
        names = there.setdefault(os.path.basename(os.path.dirname(source)), set())
        for suite, name in re.findall(r"\b(?:TYPED_)?TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\s*\)", text):
            names.add(f"{suite}.{name}")
            for instance in re.findall(rf"INSTANTIATE_TEST_SUITE_P\(\s*(\w+),\s*{suite}\b", text):
                names.add(f"{instance}/{suite}.{name}")
    return there


def unknown_tests(path, text, there):
    """Tests a page names, `folder/Suite.Name` or `Suite.Name`, also with * or ... at the end, that do
    not exist."""
    everywhere = set().union(*there.values())
    name_of_one = (r"(?<![\w./*])(?:([a-z_]+)/)?"
                   r"((?:[A-Z]\w*/)?[A-Z]\w*[a-z]\w*\.(?:\*|[A-Z]\w*))(\.\.\.)?")
    for named in re.finditer(name_of_one, text):
        folder, name, cut = named.groups()
        pattern = name + "*" if cut else name
        if not any(fnmatch.fnmatchcase(each, pattern)
                   for each in (there.get(folder, ()) if folder else everywhere)):
            yield f"{path}: {named.group(0)}"


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

    def test_tests_that_pages_of_the_design_name_exist(self):
        there = tests_there_are()
        designs = [page for page in pages() if page.startswith("docs/design/")]
        self.assertEqual([], [each for page in designs for each in unknown_tests(page, read(page), there)])

    def test_index_of_the_design_names_every_page(self):
        index = read("docs/design/README.md")
        names = os.listdir(os.path.join(ROOT, "docs", "design"))
        missing = [n for n in names if n.endswith(".md") and n != "README.md" and f"({n})" not in index]
        self.assertEqual([], missing)

    def test_the_index_of_the_examples_names_every_program(self):
        listed = re.findall(r"^\| \[\w+\]\((\S+)\)", read("examples/README.md"), re.MULTILINE)
        programs = set()
        for folder, _, files in os.walk(os.path.join(ROOT, "examples")):
            for path in (os.path.relpath(os.path.join(folder, f), ROOT) for f in files if f.endswith(".cpp")):
                # A folder with a page of its own is one program.
                _, name, *below = path.split(os.sep)
                page = f"{name}/README.md"
                if os.path.exists(os.path.join(ROOT, "examples", page)):
                    programs.add(page)
                elif re.search(r"^int main\(", read(path), re.MULTILINE):
                    programs.add("/".join([name, *below]))
        self.assertEqual(sorted(programs), sorted(listed))

    def test_an_example_uses_what_its_row_of_the_index_says(self):
        row = re.compile(r"^\| \[\w+\]\((\S+\.cpp)\) \| (.*?) \|", re.MULTILINE)
        for path, shows in row.findall(read("examples/README.md")):
            text = read(os.path.join("examples", path))
            missing = [name for name in re.findall(r"`(\w+)`", shows) if not re.search(rf"\b{name}\b", text)]
            self.assertEqual([], missing, path)

    def test_the_benchmarks_page_names_every_variant_and_no_other(self):
        rows = re.findall(r"^\| (`.*?) \|", read("bench/README.md"), re.MULTILINE)
        workloads = json.loads(read("bench/workloads.json"))
        there = {variant for workload in workloads.values() for variant in workload["variants"]}
        self.assertEqual(there, set(re.findall(r"`(\w+)`", " ".join(rows))))

    def test_workloads_the_design_names_exist(self):
        there = set(json.loads(read("bench/workloads.json")))
        families = {name.split("_")[0] for name in there}
        for page in ("figures", "scheduler", "traps", "time"):
            named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+){2,})`", read(f"docs/design/{page}.md")))
            # What stands for a family of workloads is the beginning of their names.
            self.assertEqual([], [name for name in named if name.split("_")[0] in families and not any(
                f"{each}_".startswith(f"{name}_") for each in there)], page)

    def test_dead_link_is_seen(self):
        self.assertEqual(["README.md: no.md"], list(dead_links("README.md", "[a](no.md) [b](LICENSE)")))

    def test_dead_anchor_is_seen(self):
        self.assertEqual(["README.md: #no"], list(dead_links("README.md", "[a](#no) [b](#use-it)")))

    def test_unknown_test_is_seen(self):
        there = {"net": {"A1a.B"}, "io": {"Ab.Cd", "All/Ab.Ef"}}
        text = "net/Ab.Cd, io/Ab.Cd, Ab.C..., Ab.C, io/Ab.*, All/Ab.Ef, Ba.*"
        self.assertEqual(["p: net/Ab.Cd", "p: Ab.C", "p: Ba.*"], list(unknown_tests("p", text, there)))


if __name__ == "__main__":
    unittest.main()
