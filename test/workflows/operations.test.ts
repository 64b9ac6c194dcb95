import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { registerCommands } from "../../cli/commands/register.ts";
import { TableCommand } from "../../cli/commands/table-command.ts";
import { ERROR_CODES } from "../../providers/masumi/service/errors.ts";
import { repository } from "../helpers/project.ts";
import { WORKFLOWS, allJobs, scriptOf, workflowText } from "./workflow.ts";

const text = readFileSync(join(repository, "docs/operations.md"), "utf8");
const matches = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, name]) => name ?? ""))];

/** Options of the real CLI's (3.260.0) that are passed to it. */
const PULUMIS = ["--secrets-provider", "--file", "--preview-only"];

const PASSING = new Set(["up", "preview", "refresh", "destroy", "stack", "config", "state", "cancel"]);

/** The command that words lead to, and what is left of them. */
function deepest(command: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  const [name, ...rest] = words;
  const below = command.commands.find((candidate) => candidate.name() === name);
  return below ? deepest(below, rest) : { command, rest: words };
}

describe("docs/operations.md", () => {
  const program = new Command();
  registerCommands(program);
  const commands = matches(/npx masumi-agents ([^`\n]+?)(?=`|\n| [>|] | #)/g);

  it.each(commands)("masumi-agents %s is a command that exists, with its flags", (words) => {
    const { command, rest } = deepest(program, words.split(" "));
    const known = command.options.flatMap(({ long, short }) => [long, short]);
    const passed = command instanceof TableCommand && PASSING.has(command.path[0] ?? "") ? PULUMIS : [];
    expect([...known, ...passed]).toEqual(
      expect.arrayContaining(rest.filter((word) => word.startsWith("-"))),
    );
    // A word that is not known is another word of Pulumi's.
    expect(command === program ? words : "").toBe("");
  });

  it("leads from nothing to a deployed agent in nine steps, each with commands", () => {
    const steps = text.split(/^### (?=\d+\. )/m).slice(1);
    expect(steps.map((step) => Number.parseInt(step, 10))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(steps.filter((step) => !/```sh\n[^`]+```/.test(step))).toEqual([]);
  });

  it("names the whole of the first deploy", () => {
    const names = commands.map((words) => words.split(" ")[0]);
    expect(names).toEqual(
      expect.arrayContaining([
        "init",
        "bootstrap",
        "doctor",
        "plan",
        "preview",
        "up",
        "hire",
        "drift",
        "import",
        "destroy",
      ]),
    );
  });

  it("names error codes that exist", () => {
    const known = readFileSync(join(repository, "docs/errors.md"), "utf8");
    const codes = matches(/`([A-Z]+(?:_[A-Z]+)+)`/g).filter(
      (code) => !/^(MASUMI_(?!STILL)|AWS_|PULUMI_)/.test(code),
    );
    expect(codes.length).toBeGreaterThan(15);
    expect(codes.filter((code) => !(code in ERROR_CODES) && !known.includes(`### ${code}\n`))).toEqual([]);
  });

  /** What workflows ask for in the settings of a repository. */
  const askedFor = (names: readonly string[]) => ({
    environments: allJobs().flatMap(([id, { environment }]) =>
      environment && names.includes(id.split("/")[0] ?? "") ? [environment] : [],
    ),
    settings: WORKFLOWS.filter((name) => names.includes(name)).flatMap((name) =>
      [...workflowText(name).matchAll(/\b(?:vars|secrets)\.(\w+)/g)].map(([, setting]) => setting ?? ""),
    ),
  });

  it("names every environment, variable and secret that the workflows ask for", () => {
    const { environments, settings } = askedFor(WORKFLOWS.filter((name) => name !== "release"));
    expect(new Set(environments).size).toBe(8);
    expect([...environments, ...settings].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it("leaves those of a release to CONTRIBUTING.md", () => {
    const { environments, settings } = askedFor(["release"]);
    const contributing = readFileSync(join(repository, "CONTRIBUTING.md"), "utf8");
    expect(environments).toEqual(["release"]);
    expect([...environments, ...settings].filter((name) => !contributing.includes(`\`${name}\``))).toEqual(
      [],
    );
  });

  it("gives other pipelines the very commands of these", () => {
    const checksum = /tail -n 1 plan\.md \| sed [^)\n]+'/.exec(
      scriptOf("deploy", "plan-preprod", "plan"),
    )?.[0];
    const limits = /timeout --foreground [^\\\n]+/.exec(scriptOf("deploy", "up-preprod", "up"))?.[0].trim();
    const count = /find agents [^)]+/.exec(scriptOf("deploy", "up-preprod", "up"))?.[0];
    for (const command of [checksum, limits, count]) expect(text).toContain(command ?? "missing");
  });

  it("links to what is there", () => {
    const links = matches(/\]\((?!https:)([^)]+)\)/g);
    const anchors = matches(/^## (.+)$/gm).map((title) => `#${title.toLowerCase().replaceAll(" ", "-")}`);
    expect(
      links.filter(
        (link) => !anchors.includes(link) && !existsSync(join(repository, "docs", link.replace(/#.*/, ""))),
      ),
    ).toEqual([]);
  });
});
