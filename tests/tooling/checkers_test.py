#!/usr/bin/env python3
"""Feeds each checker trees that are wrong in one way and sees it turn red, and a good one."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
LIB = os.path.join(ROOT, "scripts", "lib")


def run(checker, root, *arguments):
    done = subprocess.run(
        [sys.executable, "-B", os.path.join(LIB, checker), *arguments, root],
        capture_output=True, text=True,
    )
    return done.returncode, done.stdout + done.stderr


class TreeTest(unittest.TestCase):
    """A test writes files into a tree of its own."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = self.folder.name

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def expect_red(self, checker, reason):
        code, output = run(checker, self.root)
        self.assertEqual(1, code, output)
        self.assertIn(reason, output)

    def expect_green(self, checker):
        code, output = run(checker, self.root)
        self.assertEqual(0, code, output)


class Layers(TreeTest):
    def expect(self, path, include, reason):
        self.write(path, f"#pragma once\n#include {include}\n")
        if reason is None:
            self.expect_green("check_layers.py")
        else:
            self.expect_red("check_layers.py", reason)
            self.assertIn(f"{path}:2:", run("check_layers.py", self.root)[1])

    def test_downward_is_allowed(self):
        self.expect("spargio/net/a.cpp", '"spargio/runtime/b.hpp"', None)

    def test_testing_may_include_every_floor(self):
        self.expect("spargio/testing/a.hpp", '"spargio/net/b.hpp"', None)

    def test_upward_is_not(self):
        self.expect("spargio/core/a.cpp", '"spargio/shard/b.hpp"', "core stands below shard")

    def test_upward_within_the_fourth_floor_is_not(self):
        self.expect("spargio/runtime/a.hpp", '"spargio/time/b.hpp"', "runtime stands below time")

    def test_library_does_not_know_testing(self):
        self.expect("spargio/net/a.cpp", '"spargio/testing/b.hpp"', "net stands below testing")

    def test_library_does_not_know_companions(self):
        self.expect("spargio/net/a.cpp", '"companions/tls/b.hpp"', "does not know its companions")

    def test_companions_stand_side_by_side(self):
        self.expect("companions/signal/a.cpp", '"companions/tls/b.hpp"', "does not stand on companion")

    def test_companion_may_use_the_library(self):
        self.expect("companions/signal/a.cpp", '"spargio/runtime/b.hpp"', None)

    def test_public_header_leaks_no_liburing(self):
        self.expect("spargio/ring/a.hpp", "<liburing.h>", "leaks no kernel")

    def test_internal_header_may_use_liburing(self):
        self.expect("spargio/ring/detail/a.hpp", "<liburing.h>", None)

    def test_public_header_leaks_no_kernel_header(self):
        self.expect("spargio/fs/a.hpp", "<linux/stat.h>", "leaks no kernel")

    def test_public_header_includes_nothing_internal(self):
        self.expect("spargio/net/a.hpp", '"spargio/core/detail/b.hpp"', "detail/ is not installed")

    def test_core_knows_no_threads(self):
        self.expect("spargio/core/a.cpp", "<condition_variable>", "no threads, no kernel")

    def test_ring_knows_no_tasks(self):
        self.expect("spargio/ring/a.cpp", '"spargio/core/task.hpp"', "no tasks")

    def test_new_folder_must_be_named(self):
        self.expect("spargio/attic/a.cpp", '"spargio/core/b.hpp"', "has no floor")

    def test_example_uses_public_headers(self):
        self.expect("examples/a/a.cpp", '"spargio/core/detail/b.hpp"', "public headers")


class Headers(TreeTest):
    def test_complete_header(self):
        self.write("spargio/core/a.hpp", "#pragma once\n#include <string>\nstd::string f();\n")
        self.expect_green("check_headers.py")

    def test_header_that_needs_another_first(self):
        self.write("spargio/core/a.hpp", "#pragma once\nstd::string f();\n")
        self.expect_red("check_headers.py", "spargio/core/a.hpp: does not compile alone")

    def test_header_without_guard(self):
        self.write("spargio/core/a.hpp", "struct a {};\n")
        self.expect_red("check_headers.py", "spargio/core/a.hpp: does not compile alone")

    def test_header_with_a_warning(self):
        self.write("spargio/core/a.hpp", "#pragma once\ninline void f(int x) {}\n")
        self.expect_red("check_headers.py", "unused parameter")

    def test_header_with_a_name_that_hides_another(self):
        self.write("spargio/core/a.hpp",
                   "#pragma once\nstruct a {\n    int b = 0;\n    int f(int b) { return b; }\n};\n")
        self.expect_red("check_headers.py", "shadow")

    def test_liburing_through_another_header(self):
        self.write("spargio/core/a.hpp", '#pragma once\n#include "spargio/core/detail/b.hpp"\n')
        self.write("spargio/core/detail/b.hpp", "#pragma once\n#include <liburing.h>\n")
        self.expect_red("check_headers.py", "brings in")

    def test_internal_header_is_not_checked(self):
        self.write("spargio/core/detail/a.hpp", "std::string f();\n")
        self.expect_green("check_headers.py")


class Awaits(TreeTest):
    """Each body behaves with g++ 12.2 as it is said to here."""

    def coroutine(self, body):
        self.write("tests/core/a.cpp", f"task<int> f(bool v) {{\n    {body}\n    co_return 5;\n}}\n")

    def expect_dropped(self, body):
        self.coroutine(body)
        self.expect_red("check_awaits.py", "tests/core/a.cpp:2:")

    def expect_kept(self, body):
        self.coroutine(body)
        self.expect_green("check_awaits.py")

    def test_conditions(self):
        for body in ("if (co_await g(v)) h();", "if (!v) h(); else if (v && !co_await g(v)) h();",
                     "while (co_await g(v)) h();", "do h(); while (co_await g(v));",
                     "for (; co_await g(v);) h();", "switch (int(co_await g(v))) { case 1: h(); }",
                     "co_await g(v); if (v) { if (k(co_await g(v))) h(); }",
                     "try { if (co_await g(v)) h(); } catch (...) {}",
                     "if (co_await g<std::vector<int>>(v)) co_return 1;"):
            with self.subTest(body):
                self.expect_dropped(body)

    def test_a_declaration_anywhere_keeps_them(self):
        for body in ("const bool w = co_await g(v); if (w) h();", "if (co_await g(v)) { int z = 0; k(z); }",
                     "{ std::vector<std::pair<int, int>> z; } if (co_await g(v)) h();",
                     "if (co_await g(v)) h(); auto [a, b] = k();", "using w = int; if (co_await g(v)) h();",
                     "for (auto& each : all) h(); while (co_await g(v)) h();",
                     "try { if (co_await g(v)) h(); } catch (error& e) {}",
                     "if (bool w = co_await g(v)) h();", "if (bool w = v; co_await g(w)) h();"):
            with self.subTest(body):
                self.expect_kept(body)

    def test_other_places_keep_them(self):
        for body in ("k(co_await g(v));", "(co_await g(v)) ? h() : h();", "while (v) co_await g(v);",
                     "for (co_await g(v); v; co_await g(v)) h();", "// if (co_await g(v))",
                     'k("if (co_await g(v))");', "switch (v) { case 1: co_await g(v); }",
                     "while (spawn([]() -> task<void> { co_await g(); })) h();"):
            with self.subTest(body):
                self.expect_kept(body)

    def test_moves_into_a_list_that_is_awaited(self):
        for body in ("int w; co_await to.send({w, std::move(v)});", "int w; k(co_await g(made{w, std::move(v)}));",
                     "int w; if (auto x = co_await g(h(), {.a = std::exchange(v, w)}); x) h();"):
            with self.subTest(body):
                self.expect_dropped(body)
        for body in ("made w{1, std::move(v)}; co_await g(std::move(w));", "int w; co_await g({w, 1});",
                     "int w; co_await g(made(w, std::move(v)));",
                     "int w; if (co_await g(w)) { k({w, std::move(v)}); }"):
            with self.subTest(body):
                self.expect_kept(body)

    def test_what_is_moved_into_a_lambda_that_is_awaited(self):
        for body in ("int w; co_await g([u = std::move(v)] { h(std::move(u)); });",
                     "int w; k(co_await g([&w, u = std::exchange(v, w)]() mutable -> int { return u; }));"):
            with self.subTest(body):
                self.expect_dropped(body)
        for body in ("auto c = [u = std::move(v)] { h(u); }; co_await g(std::move(c));",
                     "int w; co_await g([&w] { h(std::move(w)); });", "int w; co_await g(w[std::move(v)]);",
                     "g([u = std::move(v)] { h(u); }); int w; co_await g(w);"):
            with self.subTest(body):
                self.expect_kept(body)

    def test_a_list_around_the_await(self):
        for body in ("made w{co_await g(), std::move(v)}; h(w);", "int w; h({.a = w, .b = co_await g(w), .c = std::move(v)});"):
            with self.subTest(body):
                self.expect_dropped(body)
        for body in ("made w{co_await g(), v}; h(w);", "int w; if (v) { co_await g(w); h(std::move(v)); }",
                     "int w; try { co_await g(w); h(std::move(v)); } catch (...) {}"):
            with self.subTest(body):
                self.expect_kept(body)

    def test_what_is_declared_to_own(self):
        for body in ("std::string s; co_await g({1, s});", "const std::shared_ptr<made>& s = h(); co_await g(made{.a = s});",
                     "std::vector<std::pair<int, int>> s(3); co_await g([s] { h(s); });",
                     "std::unique_ptr<int> s; made w{co_await g(), s}; h(w);",
                     "std::function<void(int)> s = h(); { run([&]() -> task<void> { co_await g([v, s] {}); }); }"):
            with self.subTest(body):
                self.expect_dropped(body)
        for body in ("std::string s; co_await g(s);", "std::string s; co_await g([&s] { h(s); });",
                     "std::string s; co_await g({1, s.size()});", "std::string s; co_await g(std::span{s});",
                     "std::string* s = h(); co_await g({1, s});", "std::string s; made w{1, s}; co_await g(w);",
                     "std::string s; auto c = [s] { h(s); }; co_await g(c);", "std::string_view s; co_await g([s] { h(s); });"):
            with self.subTest(body):
                self.expect_kept(body)

    def test_an_aggregate_that_owns(self):
        self.write("tests/core/a.cpp", "struct made { int a = 0; std::string b; };\n"
                   "task<int> f() { int w; co_return co_await g(made{}); }\n")
        self.expect_red("check_awaits.py", "tests/core/a.cpp:2:")
        for owner in ("struct made { made(); std::string b; };", "struct made { int b; };",
                      "struct made { std::string_view b; };"):
            self.write("tests/core/a.cpp", f"{owner}\ntask<int> f() {{ int w; co_return co_await g(made{{}}); }}\n")
            self.expect_green("check_awaits.py")

    def test_a_lambda_is_a_coroutine_of_its_own(self):
        self.expect_dropped("int w = 0; run([](bool v) -> task<int> { if (co_await g(v)) co_return 1; }(w));")
        self.expect_dropped("int w = 0; run([] { if (co_await g()) h(); });")


class Length(TreeTest):
    def test_limit_itself(self):
        self.write("spargio/core/a.cpp", "\n" * 400)
        self.expect_green("check_length.py")

    def test_one_line_more(self):
        self.write("spargio/core/a.cpp", "\n" * 401)
        self.expect_red("check_length.py", "spargio/core/a.cpp: 401 lines")

    def test_one_line_more_with_a_reason(self):
        self.write("spargio/core/a.cpp", "\n" * 401)
        self.write("scripts/lib/long_files.txt", "spargio/core/a.cpp a table\n")
        self.expect_green("check_length.py")

    def test_path_without_a_reason(self):
        self.write("spargio/core/a.cpp", "\n" * 401)
        self.write("scripts/lib/long_files.txt", "spargio/core/a.cpp\n")
        self.expect_red("check_length.py", "spargio/core/a.cpp: 401 lines")

    def test_reason_for_a_short_file(self):
        self.write("spargio/core/a.cpp", "\n")
        self.write("scripts/lib/long_files.txt", "spargio/core/a.cpp a table\n")
        self.expect_red("check_length.py", "needs no exception")


class CompileFail(TreeTest):
    """The runner of tests/compile_fail accepts a refusal only for the reason given."""

    def run_file(self, text):
        self.write("a.cpp", text)
        done = subprocess.run(
            [sys.executable, "-B", os.path.join(ROOT, "tests", "compile_fail", "run.py"),
             os.path.join(self.root, "a.cpp"), "--", os.environ.get("CXX", "g++"), "-std=c++23"],
            capture_output=True, text=True,
        )
        return done.returncode, done.stdout + done.stderr

    BODY = '#ifdef SPARGIO_MUST_FAIL\nstatic_assert(false, "reason");\n#endif\n'

    def test_refusal(self):
        code, output = self.run_file("// error: reason\n" + self.BODY)
        self.assertEqual(0, code, output)

    def test_program_that_compiles(self):
        code, output = self.run_file("// error: reason\nint a;\n")
        self.assertEqual(1, code, output)
        self.assertIn("compiles with SPARGIO_MUST_FAIL", output)

    def test_other_error(self):
        code, output = self.run_file("// error: another\n" + self.BODY)
        self.assertEqual(1, code, output)
        self.assertIn("not for 'another'", output)

    def test_program_that_never_compiles(self):
        code, output = self.run_file("// error: reason\n}\n" + self.BODY)
        self.assertEqual(1, code, output)
        self.assertIn("must compile without", output)

    def test_file_without_expectation(self):
        code, output = self.run_file(self.BODY)
        self.assertEqual(1, code, output)


if __name__ == "__main__":
    unittest.main()
