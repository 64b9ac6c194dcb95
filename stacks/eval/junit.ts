import type { Evaluated } from "../../infra/fleet/index.ts";
import type { EvaluatedAgent } from "./document.ts";

/* JUnit's XML, as GitHub's, GitLab's and Jenkins' reports read it: a suite an agent, a case an evaluation. */

/** What XML 1.0 has no way to write. */
// oxlint-disable-next-line no-control-regex -- it is these that are left out
const UNWRITABLE = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Cs}/gu;

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
  "\t": "&#9;",
  "\r": "&#13;",
};

const xml = (text: string): string =>
  text.replace(UNWRITABLE, "\uFFFD").replace(/[&<>"\n\t\r]/g, (one) => ESCAPES[one] ?? one);

const secondsOf = (evals: readonly Evaluated[]): string =>
  evals.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(3);

/** Return the report of agents that were evaluated. */
export function junitReport(stack: string, agents: readonly EvaluatedAgent[]): string {
  const suites = agents.map(({ record: { agent, evals, time } }) => {
    const failures = evals.filter(({ passed }) => !passed).length;
    const cases = evals.map((one) => caseOf(agent, one)).join("");
    return (
      `  <testsuite name="${xml(agent)}" tests="${evals.length}" failures="${failures}" errors="0" ` +
      `time="${secondsOf(evals)}" timestamp="${xml(time)}">\n${cases}  </testsuite>\n`
    );
  });
  const all = agents.flatMap(({ record }) => record.evals);
  const failed = all.filter(({ passed }) => !passed).length;
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xml(`evaluations of ${stack}`)}" tests="${all.length}" ` +
    `failures="${failed}" errors="0" time="${secondsOf(all)}">\n${suites.join("")}</testsuites>\n`
  );
}

function caseOf(agent: string, { name, passed, seconds, checks }: Evaluated): string {
  const head = `    <testcase classname="${xml(agent)}" name="${xml(name)}" time="${seconds.toFixed(3)}"`;
  if (passed) return `${head}/>\n`;
  const failed = checks.filter((check) => check.passed === false);
  const text = failed.map(({ check, said }) => `${check}: ${said}`).join("\n");
  return `${head}>\n      <failure message="${xml(text)}"/>\n    </testcase>\n`;
}
