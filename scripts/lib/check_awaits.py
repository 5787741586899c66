#!/usr/bin/env python3
"""Two awaits that g++ 12.2 gets wrong without a warning.

1. No coroutine that declares nothing awaits in a condition: the await is forgotten. If a coroutine's body holds no declaration at all (its parameters do not count) and a co_await stands
in the condition of an if, while, do, for or switch, g++ 12.2 ends the coroutine there, with the bare
operand as its condition and without a warning. Any declaration mends it; best is one for the answer:
    const bool more = co_await next();
2. No aggregate and no lambda with something of its own is made in an expression that awaits: if it has
to be destroyed, g++ 12.2 copies it bit by bit and destroys both, its members and captures, too. So
something is made twice free that std::move(), a copy or a default put there once. Give it a name:
    request made{id, std::move(body)};
    co_await send(std::move(made));
    auto call = [path] { return open(path); };
    co_await run(std::move(call));
What has to be destroyed the text does not tell for certain. Found is what is moved there, what the file
declares, by its name, as a string, container, owning pointer or function of the standard library, and
an aggregate that the file defines with such a member.

check_awaits.py [ROOT]: prints one line for each and ends with 1 if there is one.
"""

import functools
import os
import re
import sys

import tree

NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s]*)\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)
MOVE = re.compile(r"\bstd::(?:move|forward|exchange)\b")
# To be destroyed, whoever has it as a member.
OWNING = (r"\bstd::(?:string|(?:vector|deque|list|map|set|unordered_map|unordered_set|shared_ptr|weak_ptr|"
          r"unique_ptr|function|move_only_function)<[\w\s:,*&()<>]*>)")
OWNER = re.compile(OWNING + r"(?:\s+const)?\s*&{0,2}\s+&{0,2}(\w+)\s*(?=[;,=({)])")
AGGREGATE = re.compile(r"\bstruct\s+(\w+)\s*\{")
LAMBDA = re.compile(r"(?:[(,={?:]|\b(?:return|co_return|co_await|co_yield))\s*$")
LIST = re.compile(r"(?:[\w>(,={]|\breturn)\s*$")
NO_LIST = re.compile(r"\b(?:else|do|try)\s*$")
CONDITION = re.compile(r"\b(if|while|for|switch)\s*(?:constexpr\s*)?\(")
CONTROL = re.compile(r"\b(?:if|if\s+constexpr|while|for|switch|catch)\s*$")
STATEMENT = r"(?:[;{}]|\b(?:if|for|while|switch|catch)\s*\(|\belse\b|\bdo\b|\)(?=\s*\w))\s*"
NO_TYPE = (r"(?!(?:return|co_return|co_await|co_yield|throw|delete|new|goto|case|else|do|if|while|for|"
           r"switch|try|break|continue|default|and|or|not)\b)")
DECLARATION = re.compile(
    STATEMENT + NO_TYPE
    + r"(?:[\w:]+\s+)*[\w:]+(?:\s+|\s*[&*]+\s*)(?:" + NO_TYPE + r"\w+|\[[\w\s,]+\])\s*[=;{(\[,:)]"
)


def only_code(text):
    """The text with comments and literals blanked out, lines and columns as they were."""
    return NOT_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def end_of(text, start):
    """Behind the bracket that closes the one at `start`."""
    depth = 0
    for at in range(start, len(text)):
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
            if depth == 0:
                return at + 1
    return len(text)


def start_of(text, end):
    """The bracket that the one before `end` closes."""
    depth = 0
    for at in range(end - 1, -1, -1):
        if text[at] in ")]}":
            depth += 1
        elif text[at] in "([{":
            depth -= 1
            if depth == 0:
                return at
    return 0


def opens_function(text, brace):
    """Whether the brace begins the body of a function or lambda, not a block or an initializer."""
    header = text[:brace].rstrip()
    header = re.sub(r"->[^;{}()]*(?:\([^()]*\))?[^;{}()]*$", "", header).rstrip()
    header = re.sub(r"(?:\b(?:const|noexcept|mutable|override|final)\s*)+$", "", header).rstrip()
    if header.endswith("]"):
        return True  # a lambda without parameters
    return header.endswith(")") and not CONTROL.search(text[: start_of(header, len(header))])


def start_of_function(code, position):
    """The brace that begins the innermost function body around `position`."""
    at = position
    while at > 0:
        at -= 1
        if code[at] in ")]}":
            at = start_of(code, at + 1)
        elif code[at] == "{" and opens_function(code, at):
            return at
    return None


def body_around(text, position):
    """Text of the innermost function body that holds `position`."""
    begin = start_of_function(text, position)
    return "" if begin is None else text[begin : end_of(text, begin)]


def own_part(code, start, end):
    """The code from `start` to `end` without the bodies of lambdas in it, which await for themselves."""
    kept, at = "", start
    while at < end:
        if code[at] == "{" and opens_function(code, at):
            at = end_of(code, at)
            continue
        kept += code[at]
        at += 1
    return kept


def declares(body):
    without = None
    while without != body:  # template arguments, from the innermost
        without, body = body, re.sub(r"(?<=\w)<[\w\s:,*&]*>", "", body)
    return DECLARATION.search(body) is not None


def owning_aggregates(code):
    """Names of the structs without a constructor that have an owning member."""
    names = set()
    for found in AGGREGATE.finditer(code):
        body = own_part(code, found.end(), end_of(code, found.end() - 1) - 1)
        if OWNER.search(body) and not re.search(rf"(?<!~)\b{found.group(1)}\s*\(", body):
            names.add(found.group(1))
    return names


class owning:
    """What is destroyed twice when an expression at `position` that awaits makes it."""

    def __init__(self, code, position):
        self.code, self.position = code, position

    @functools.cached_property
    def aggregates(self):
        return owning_aggregates(self.code)

    @functools.cached_property
    def owners(self):
        """Names that the functions around declare so, as parameters or in their bodies."""
        begin, outer = self.position, start_of_function(self.code, self.position)
        while outer is not None:
            begin, outer = outer, start_of_function(self.code, outer)
        header = max(self.code.rfind(end, 0, begin) for end in ";{}") + 1
        return {found.group(1) for found in OWNER.finditer(self.code, header, self.position)}

    def is_made_of(self, elements):
        """Whether something owning stands in the list, by itself or moved."""
        if MOVE.search(elements):
            return True
        each = re.split(r"[,{}]", elements)
        return any(re.sub(r"^\s*(?:\.?\w+\s*=)?\s*|\s*$", "", one) in self.owners for one in each)

    def in_list(self, code, brace, after):
        before = code[:brace].rstrip()
        name = re.search(r"(?:\bstd::[\w:]+(?:<[^;{}]*>)?|\w+)$", before)
        if name and name.group() in self.aggregates:
            return True
        elements = own_part(code, brace + 1, after - 1)
        if name and name.group().startswith("std::"):
            return MOVE.search(elements) is not None
        return self.is_made_of(elements)


def makes_owning(code, start, found):
    """Whether the expression that is awaited from `start` on makes something of what `found` tells."""
    at = start
    while at < len(code) and code[at] not in ";)]}":
        after = end_of(code, at) if code[at] in "([{" else at + 1
        if code[at] == "(" and makes_owning(code[:after - 1], at + 1, found):
            return True
        if code[at] == "[" and LAMBDA.search(code, max(0, at - 40), at) and found.is_made_of(code[at + 1:after - 1]):
            return True
        if code[at] == "{" and not opens_function(code, at) and found.in_list(code, at, after):
            return True
        at = after
    return False


def list_around_makes_owning(code, position, found):
    """The same of the lists in braces in which the await stands itself."""
    at = position
    while at > 0:
        at -= 1
        if code[at] in ")]}":
            at = start_of(code, at + 1)
        elif code[at] in ";{":
            if code[at] == ";" or opens_function(code, at):
                return False
            before = code[max(0, at - 40):at]
            if not LIST.search(before) or NO_LIST.search(before):
                return False
            if found.in_list(code, at, end_of(code, at)):
                return True
    return False


def check_text(path, text):
    code = only_code(text)
    for found in re.finditer(r"\bco_await\b", code):
        made = owning(code, found.start())
        if makes_owning(code, found.end(), made) or list_around_makes_owning(code, found.start(), made):
            line = code.count("\n", 0, found.start()) + 1
            yield f"{path}:{line}: an aggregate or lambda made in an expression that awaits (g++ 12.2 destroys it twice)"
    for found in CONDITION.finditer(code):
        condition = own_part(code, found.end(), end_of(code, found.end() - 1) - 1)
        if found.group(1) == "for":
            condition = (condition.split(";") + [""])[1]
        if "co_await" in condition and not declares(body_around(code, found.start())):
            line = code.count("\n", 0, found.start()) + 1
            yield f"{path}:{line}: co_await in a condition of a coroutine that declares nothing (g++ 12.2 drops it)"


def check(root):
    faults = []
    for path in tree.tracked(root, tree.SOURCE):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            faults += check_text(path, file.read())
    return faults


def main(arguments):
    faults = check(arguments[0] if arguments else ".")
    print("\n".join(faults + [f"awaits: {len(faults)} that g++ 12.2 gets wrong"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
