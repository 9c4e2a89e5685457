#!/usr/bin/env python3
"""What the scripts of the house promise: results.py reads ctest's files, blocks.py finds code blocks."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import blocks
import results

JUNIT = """<testsuite>
<testcase name="A.Holds" status="run" time="0.5"><system-out>OK, passed 1000 tests</system-out></testcase>
<testcase name="A.Breaks" status="fail" time="1"><failure message=""/><system-out/></testcase>
<testcase name="A.NeedsTap" status="notrun" time="0"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
<system-out>a_test.cc:7: Skipped
opening TAP needs root

[  SKIPPED ] A.NeedsTap</system-out></testcase>
<testcase name="A.NotBuilt" status="notrun" time="0"><skipped message="Unable to find executable"/></testcase>
</testsuite>"""


class Results(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.xml = self.file("r.xml", JUNIT)
        self.tsv = self.file("r.tsv", self.said(results.junit, "dev", self.xml))

    def file(self, name, text):
        path = pathlib.Path(self.folder.name) / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def said(self, call, *arguments):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            call(*arguments)
        return out.getvalue()

    def test_states_and_notes_are_read(self):
        self.assertEqual([row[1:3] + row[4:] for row in results.read(self.tsv)],
                         [["A.Holds", "passed", "1000 cases"], ["A.Breaks", "failed", ""],
                          ["A.NeedsTap", "skipped", "opening TAP needs root"],
                          ["A.NotBuilt", "failed", ""]])

    def test_a_failure_ends_with_counts_and_exit_one(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), self.assertRaises(SystemExit) as end:
            results.ending(self.tsv)
        self.assertEqual(out.getvalue(), "1 passed, 2 failed, 1 skipped\n")
        self.assertEqual(end.exception.code, 1)

    def test_all_passed_is_exit_zero_and_nothing_passed_is_not(self):
        for text, code in (("dev\tA\tpassed\t1\t\n", 0), ("dev\tA\tskipped\t1\tno\n", 1)):
            with contextlib.redirect_stdout(io.StringIO()), self.assertRaises(SystemExit) as end:
                results.ending(self.file("one.tsv", text))
            self.assertEqual(end.exception.code, code)

    def test_what_wants_root_is_named_and_its_second_result_counts(self):
        self.assertEqual(self.said(results.want_root, "dev", self.tsv), "^(A.NeedsTap)$\n")
        again = self.file("again.xml", '<t><testcase name="A.NeedsTap" status="run" time="1"/></t>')
        results.replace("dev", again, self.tsv)
        self.assertEqual([row[2] for row in results.read(self.tsv)],
                         ["passed", "failed", "passed", "failed"])

    def test_an_excerpt_has_the_lines_that_tell(self):
        log = self.file("log", "quiet\n" * 50 + "a.cc:1: error: no\n" + "quiet\n" * 50)
        self.assertEqual(len(self.said(results.excerpt, log).splitlines()), 4)


class Blocks(unittest.TestCase):
    def page(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "page.md"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def test_blocks_to_run_are_written_and_named(self):
        page = self.page("```cpp\n#include <vector>\nint x = 1;\n```\n```text\nno\n```\n```sh\nls\n```\n")
        with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(io.StringIO()) as said:
            blocks.extract(out, [page])
            program = (pathlib.Path(out) / "page_1.cc").read_text(encoding="utf-8")
            script = (pathlib.Path(out) / "page_2.sh").read_text(encoding="utf-8")
        self.assertEqual(said.getvalue(), "cpp page_1\nsh page_2\n")
        self.assertEqual(program, "#include <ukstore/ukstore.h>\n#include <vector>\n"
                                  "int main() {\nint x = 1;\n}\n")
        self.assertEqual(script, "set -eu\nls\n")

    def test_a_program_stays_as_it_is(self):
        self.assertEqual(blocks.program("int main() { return 0; }\n"), "int main() { return 0; }\n")

    def test_a_block_of_unknown_fate_is_a_fault(self):
        self.assertEqual(len(blocks.faults([self.page("```c++\nint x;\n```\n")])), 1)
        self.assertEqual(len(blocks.faults([self.page("a\n```\nx\n```\n")])), 1)
        self.assertEqual(blocks.faults([self.page("```json\n{}\n```\n")]), [])


if __name__ == "__main__":
    unittest.main()
