#!/usr/bin/env python3
"""The code blocks of the documentation, so that the tests can compile and run them.

blocks.py OUT PAGE...   writes each block marked cpp or sh to OUT, and prints a line "cpp NAME" or "sh NAME" for each
blocks.py --check PAGE...   fails if a block is marked with a word that says nothing about whether it is run

A cpp block that has no main is the body of one, behind its #include lines.  An sh block runs in an empty
folder with the built tools on its PATH.  What is marked text, json or cmake is not run.
"""

import pathlib
import re
import sys

RUN = {"cpp": ".cc", "sh": ".sh"}
NOT_RUN = {"text", "json", "cmake"}
FENCE = re.compile(r"^( *)```(\S*)\s*\n(.*?)^\1```", re.M | re.S)


def blocks(page):
    """(word, text, line) of each fenced block of a page."""
    source = pathlib.Path(page).read_text(encoding="utf-8")
    for found in FENCE.finditer(source):
        yield found.group(2), found.group(3), source.count("\n", 0, found.start()) + 1


def program(text):
    """A complete program of a cpp block."""
    if re.search(r"\bint main\(", text):
        return text
    lines = text.splitlines()
    includes = [line for line in lines if line.startswith("#include")]
    body = [line for line in lines if not line.startswith("#include")]
    return "\n".join(["#include <ukstore/ukstore.h>", *includes, "int main() {", *body, "}", ""])


def extract(out, pages):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for page in pages:
        count = 0
        for word, text, _ in blocks(page):
            if word not in RUN:
                continue
            count += 1
            name = f"{pathlib.Path(page).stem}_{count}"
            content = program(text) if word == "cpp" else "set -eu\n" + text
            path = out / (name + RUN[word])
            if not path.exists() or path.read_text(encoding="utf-8") != content:
                path.write_text(content, encoding="utf-8")
            print(word, name)


def faults(pages):
    return [f"{page}:{line}: mark the block cpp or sh to have it run, or text; not '{word}'"
            for page in pages for word, _, line in blocks(page)
            if word not in RUN and word not in NOT_RUN]


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        found = faults(sys.argv[2:])
        print("\n".join(found))
        sys.exit(1 if found else 0)
    extract(sys.argv[1], sys.argv[2:])
