import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { repository } from "../../helpers/project.ts";

// The compiler reads all that the table leads to.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** A copy of the program in which only traits.ts is touched, and the made-up hosting's own folders are added. */
const copy = mkdtempSync(join(tmpdir(), "masumi-made-up-"));
const TABLE = join(copy, "infra/hosting/traits.ts");
const table = readFileSync(join(repository, "infra/hosting/traits.ts"), "utf8");

beforeAll(() => {
  for (const folder of ["infra", "providers"]) {
    cpSync(join(repository, folder), join(copy, folder), { recursive: true });
  }
  for (const file of ["package.json", "tsconfig.json"]) cpSync(join(repository, file), join(copy, file));
  for (const folder of ["node_modules", "crew"]) symlinkSync(join(repository, folder), join(copy, folder));
});
afterAll(() => rmSync(copy, { recursive: true }));

const withRow = (row: string, imports = "") =>
  imports + table.replace("export const TRAITS = {", `export const TRAITS = {\n  "made-up": ${row},`);

/** What the compiler says of some files and all that they lead to. */
function complaints(...files: string[]): string[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(copy, "tsconfig.json"), (path) => ts.sys.readFile(path)).config,
    ts.sys,
    copy,
  );
  const program = ts.createProgram(
    files.map((file) => join(copy, file)),
    options,
  );
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const where = file ? relative(copy, file.fileName) : "";
    return `${where}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}

/** Runs a few lines in the copy, in which `agentOf` makes an agent of the made-up hosting. */
async function run(lines: string): Promise<string> {
  const script = join(copy, "infra", "script.ts");
  writeFileSync(
    script,
    `const agentOf = (more: object) =>
       ({ id: "a", file: "agents/a.yaml", hosting: "made-up", source: { kind: "inline" }, ...more }) as never;
     ${lines}`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [script], { cwd: join(copy, "infra") });
  return stdout.trim();
}

const ROW = `
import type { HostingTraits } from "../kind.ts";

export const madeUpTraits: HostingTraits = {
  module: "made-up/made-up",
  runsImages: true,
  confinesContainers: true,
  instances: "one",
  sizes: [{ cpu: 1024, memory: 2048 }],
  readsLocalFiles: false,
  losesPaidJobs: true,
  needsDocumentsKey: () => true,
  settingsProblems: () => ["masumi:madeUp is missing"],
  urls: () => (id) => \`https://\${id}.made-up.example.com\`,
};
`;

/** The declaration of a paid agent. */
const PAID = JSON.stringify({
  name: "A",
  description: "d",
  capability: { name: "c", version: "1" },
  tags: ["t"],
  author: { name: "a" },
  pricing: { fixed: ["1 ADA"] },
  resources: { cpu: 1024, memory: 2048 },
  crew: {
    agents: { one: { role: "r", goal: "g", backstory: "b" } },
    tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
  },
});

describe("a hosting that is added to the table", () => {
  it("is asked by the compiler, in the table, for all that the program needs to know", () => {
    writeFileSync(TABLE, withRow("{}"));
    const [said, ...more] = complaints("infra/hosting/traits.ts");
    expect(said).toMatch(
      /^infra\/hosting\/traits\.ts: .*missing the following properties .*: module, runsImages, confinesContainers, instances/s,
    );
    expect(more).toEqual([]);
  });

  it("is then known to declarations, plan and configuration, with no other file touched", async () => {
    mkdirSync(join(copy, "infra/hosting/made-up"), { recursive: true });
    writeFileSync(join(copy, "infra/hosting/made-up/traits.ts"), ROW);
    writeFileSync(TABLE, withRow("madeUpTraits", 'import { madeUpTraits } from "./made-up/traits.ts";\n'));
    // All that asks the table, but for Pulumi's side, which takes the compiler long to read and is asked below.
    expect(complaints("infra/config.ts", "infra/fleet/index.ts")).toEqual([]);

    const said = await run(`
      import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
      import { tmpdir } from "node:os";
      import { join } from "node:path";
      import { agentSchemaJson, loadAgents } from "./declarations/index.ts";
      import { expectedUrls, hostingRefusals } from "./fleet/index.ts";
      const schema = JSON.parse(agentSchemaJson());
      const agent = agentOf({ pricing: { type: "dynamic" } });
      const config = { hosting: "process", aws: {}, docker: {}, secrets: [] } as never;
      const projectRoot = mkdtempSync(join(tmpdir(), "masumi-made-up-paid-"));
      mkdirSync(join(projectRoot, "agents"));
      writeFileSync(join(projectRoot, "agents/a.yaml"), ${JSON.stringify(PAID)});
      const { complaints } = loadAgents(
        { folder: "agents", projectRoot, stack: "s", network: "Preprod", hosting: "made-up", secrets: [] });
      rmSync(projectRoot, { recursive: true });
      console.log(JSON.stringify([
        schema.properties.hosting.enum,
        expectedUrls({ config, projectRoot: "/", agents: [agent] })(agent, new Map()),
        [...hostingRefusals(config, [agent]), ...complaints.map(({ message, remedy }) => message + remedy)],
      ]));`);
    const [kinds, url, refusals] = JSON.parse(said) as [string[], string, string[]];
    expect(kinds).toContain("made-up");
    expect(url).toBe("https://a.made-up.example.com");
    // Three traps of a table spread over files: settings, the key that takes payments, and paid jobs.
    expect(refusals).toEqual([
      expect.stringContaining("masumi:modelApi is missing"),
      expect.stringContaining("masumi:madeUp is missing (hosting made-up of agents/a.yaml)"),
      expect.stringContaining("masumi:databaseUrl"),
      expect.stringContaining("masumi:runtimeKey"),
    ]);
  });

  it("is then asked by the program for its module, and runs by it", async () => {
    const load = `
      import { loadHostings } from "./deploy/index.ts";
      const agent = agentOf({});
      const hostingOf = await loadHostings({ config: { shared: {} }, projectRoot: "/", agents: [agent], registered: new Map() } as never);
      console.log((await hostingOf(agent).host({ agent } as never, {})).url);`;
    await expect(run(load)).rejects.toThrow(/made-up\/made-up\.ts/);

    mkdirSync(join(copy, "infra/deploy/made-up"), { recursive: true });
    const module = join(copy, "infra/deploy/made-up/made-up.ts");
    writeFileSync(module, "export const something = 1;\n");
    await expect(run(load)).rejects.toThrow("infra/deploy/made-up/made-up exports no `hosting`");
    writeFileSync(
      module,
      'export const hosting = () => ({ host: () => ({ url: "https://here", ready: [], publishIdentity() {} }) });\n',
    );
    expect(await run(load)).toBe("https://here");
  });
});
