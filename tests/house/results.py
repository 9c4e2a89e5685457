#!/usr/bin/env python3
"""The results of ./check: one line for each test, as tab-separated
PHASE, NAME, passed|failed|skipped, SECONDS, NOTE (why it was skipped, or what it counted).
"""

import re
import sys
import xml.etree.ElementTree as xml
from collections import Counter, defaultdict

WANTS_ROOT = re.compile(r"\broot\b|\bTAP\b|/dev/net/tun|CAP_NET|namespace", re.I)
TELLING = re.compile(r"error:|FAILED|\(Failed\)|\(Timeout\)|Failure|ERROR: |runtime error|WARNING: ThreadSan")


def clean(text):
    return " ".join(text.split())


def skip_reason(output):
    """What a skipped test said: the line after gtest's "Skipped", or a line "skipped: ..."."""
    found = re.search(r": Skipped\n(.+)", output) or re.search(r"(?i)skip(?:ped|ping)?: (.+)", output)
    return clean(found.group(1)) if found else "no reason given"


def law_runs(output):
    """How many cases RapidCheck ran in a test."""
    return sum(int(n) for n in re.findall(r"OK, passed (\d+) tests", output))


def rows_of(phase, path):
    """The lines of a JUnit file written by ctest."""
    for case in xml.parse(path).getroot().iter("testcase"):
        output = case.findtext("system-out") or ""
        status, note = case.get("status"), ""
        if status == "run":
            state, runs = "passed", law_runs(output)
            note = f"{runs} cases" if runs else ""
        elif status == "disabled":
            state, note = "skipped", "disabled"
        elif case.find("skipped") is not None and "SKIP_" in case.find("skipped").get("message", ""):
            state, note = "skipped", skip_reason(output)
        else:
            # Failed, or could not be run at all.
            state = "failed"
        yield [phase, clean(case.get("name")), state, f'{float(case.get("time", 0)):.2f}', note]


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines if line.strip()]


def write(rows, out):
    for row in rows:
        out.write("\t".join(row) + "\n")


def junit(phase, path):
    write(rows_of(phase, path), sys.stdout)


def want_root(phase, path):
    """A pattern for ctest -R of the tests that were skipped for want of root; empty if none were."""
    names = [r[1] for r in read(path) if r[0] == phase and r[2] == "skipped" and WANTS_ROOT.search(r[4])]
    if names:
        print("^(" + "|".join(re.sub(r"[^\w/-]", ".", name) for name in names) + ")$")


def replace(phase, junit_path, path):
    """Puts the results of a second run in the place of the first one's."""
    again = {row[1]: row for row in rows_of(phase, junit_path)}
    rows = [again.get(r[1], r) if r[0] == phase else r for r in read(path)]
    with open(path, "w", encoding="utf-8") as out:
        write(rows, out)


def excerpt(path):
    """The lines of a log that say what went wrong, with those after them."""
    with open(path, encoding="utf-8", errors="replace") as log:
        lines = log.read().splitlines()
    wanted = sorted({j for i, line in enumerate(lines) if TELLING.search(line)
                     for j in range(i, min(i + 4, len(lines)))})
    shown = [lines[i] for i in wanted] or lines[-30:]
    print("\n".join(shown[:60]))
    if len(shown) > 60:
        print(f"... and {len(shown) - 60} more such lines")


def summary(path, seconds):
    rows = read(path)
    reasons = Counter(row[4] or "no reason given" for row in rows if row[2] == "skipped")
    for reason, count in reasons.most_common():
        print(f"skipped {count}: {reason}")
    for row in rows:
        if row[2] == "failed":
            print(f"FAILED {row[0]}: {row[1]}")
    print(f"{int(seconds) // 60} min {int(seconds) % 60} s")


def ending(path):
    count = Counter(row[2] for row in read(path))
    print(f'{count["passed"]} passed, {count["failed"]} failed, {count["skipped"]} skipped')
    sys.exit(1 if count["failed"] or not count["passed"] else 0)


def report(path, times_path):
    """The full report as Markdown: each phase, each suite, what it counted."""
    print("| phase | seconds |\n| --- | --- |")
    for phase, seconds in read(times_path):
        print(f"| {phase} | {seconds} |")
    print("\n| suite | passed | failed | skipped | cases of laws, runs | seconds |")
    print("| --- | --- | --- | --- | --- | --- |")
    suites = defaultdict(lambda: [Counter(), 0, 0.0])
    for phase, name, state, seconds, note in read(path):
        suite = suites[f'{phase}: {name.split(".")[0]}']
        suite[0][state] += 1
        counted = re.match(r"(\d+) (cases|runs)", note)
        suite[1] += int(counted.group(1)) if counted else 0
        suite[2] += float(seconds)
    for name, (states, counted, seconds) in sorted(suites.items()):
        print(f'| {name} | {states["passed"]} | {states["failed"]} | {states["skipped"]} | '
              f"{counted or ''} | {seconds:.1f} |")


COMMANDS = {"junit": junit, "want-root": want_root, "replace": replace, "excerpt": excerpt,
            "summary": summary, "ending": ending, "report": report}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
