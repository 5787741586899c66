#!/usr/bin/env python3
"""Two awaits that g++ 12.2 gets wrong without a warning.

1. No coroutine that declares nothing awaits in a condition: the await is forgotten. If a coroutine's body holds no declaration at all (its parameters do not count) and a co_await stands
in the condition of an if, while, do, for or switch, g++ 12.2 ends the coroutine there, with the bare
operand as its condition and without a warning. Any declaration mends it; best is one for the answer:
    const bool more = co_await next();
2. No list in braces into which something is moved stands in an awaited expression: if it makes an
aggregate, g++ 12.2 destroys that twice, its members, too, which were moved away from only once. Give
it a name:
    request made{id, std::move(body)};
    co_await send(std::move(made));

check_awaits.py [ROOT]: prints one line for each and ends with 1 if there is one.
"""

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


def body_around(text, position):
    """Text of the innermost function body that holds `position`."""
    at = position
    while at > 0:
        at -= 1
        if text[at] in ")]}":
            at = start_of(text, at + 1)
        elif text[at] == "{" and opens_function(text, at):
            return text[at : end_of(text, at)]
    return ""


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


def moves_into_list(code, start):
    """Whether the expression that is awaited from `start` on has a list in braces with a move in it."""
    at = start
    while at < len(code) and code[at] not in ";)]}":
        after = end_of(code, at) if code[at] in "([{" else at + 1
        if code[at] == "(" and moves_into_list(code[:after - 1], at + 1):
            return True
        if code[at] == "{" and not opens_function(code, at) and MOVE.search(code, at, after):
            return True
        at = after
    return False


def check_text(path, text):
    code = only_code(text)
    for found in re.finditer(r"\bco_await\b", code):
        if moves_into_list(code, found.end()):
            line = code.count("\n", 0, found.start()) + 1
            yield f"{path}:{line}: something is moved into a list in braces that is awaited (g++ 12.2 destroys it twice)"
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
