import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { junitReport } from "./reports.ts";

const folder = mkdtempSync(join(tmpdir(), "masumi-agents-reports-"));

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("a report of Vitest tells what each file took, and what failed in tests, in hooks and beside them", () => {
  const path = written(
    "vitest.xml",
    `<?xml version="1.0" encoding="UTF-8" ?>
<testsuites name="vitest tests" tests="6" failures="2" errors="1" time="2.52">
    <testsuite name="test/a.test.ts" timestamp="2026-11-30T12:05:57.171Z" tests="4" failures="2" errors="0" skipped="1" time="2.5">
        <testcase classname="test/a.test.ts" name="a &lt;b&gt; &gt; one" time="0">
            <skipped/>
        </testcase>
        <testcase classname="test/a.test.ts" name="two &quot;x&quot;" time="0.01">
            <failure message="expected { a: 1 } to deeply equal { a: 2 }" type="AssertionError">
AssertionError: expected { a: 1 } to deeply equal { a: 2 }
 ❯ test/a.test.ts:6:42
            </failure>
        </testcase>
        <testcase classname="test/a.test.ts" name="ok" time="0.0005">
        </testcase>
        <testcase classname="test/a.test.ts" name="a &lt;b&gt;" time="0.005">
            <failure message="in a hook
and more" type="Error">
            </failure>
        </testcase>
    </testsuite>
    <testsuite name="vitest unhandled errors" tests="1" failures="0" errors="1" skipped="0" time="0">
        <testcase classname="vitest unhandled errors" name="Unhandled Rejection: boom" time="0">
            <error message="boom" type="Error">
            </error>
        </testcase>
    </testsuite>
</testsuites>`,
  );
  expect(junitReport(path)).toEqual({
    times: [
      { file: "test/a.test.ts", seconds: 2.5 },
      { file: "vitest unhandled errors", seconds: 0 },
    ],
    failures: [
      { file: "test/a.test.ts", test: 'two "x"', message: "expected { a: 1 } to deeply equal { a: 2 }" },
      { file: "test/a.test.ts", test: "a <b>", message: "in a hook" },
      { file: "vitest unhandled errors", test: "Unhandled Rejection: boom", message: "boom" },
    ],
  });
});

test("a report of pytest tells what each module took, and what failed", () => {
  const path = written(
    "pytest.xml",
    `<?xml version="1.0"?><testsuites><testsuite name="pytest" errors="1" failures="1" skipped="0" tests="3" time="4.1" hostname="x">
<testcase classname="tests.test_a" name="test_one[&gt;]" time="1.5" /><testcase classname="tests.test_a" name="test_two" time="0.5">` +
      `<failure message="assert 1 &lt; 0&#10;more">a.py:3</failure></testcase>` +
      `<testcase classname="tests.b.test_b" name="test_three" time="2"><error message="boom">b.py</error></testcase></testsuite></testsuites>`,
  );
  expect(junitReport(path)).toEqual({
    times: [
      { file: "crew/tests/test_a.py", seconds: 2 },
      { file: "crew/tests/b/test_b.py", seconds: 2 },
    ],
    failures: [
      { file: "crew/tests/test_a.py", test: "test_two", message: "assert 1 < 0" },
      { file: "crew/tests/b/test_b.py", test: "test_three", message: "boom" },
    ],
  });
});

test("a report that was not written tells nothing", () => {
  expect(junitReport(join(folder, "none.xml"))).toEqual({ times: [], failures: [] });
});
