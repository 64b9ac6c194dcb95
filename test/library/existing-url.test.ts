/** The example of an agent that runs elsewhere, as a project of its own on the embedded engine. */
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { type RunResult, openProject, runStack } from "../../stacks/index.ts";
import { type OutsideAgents, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject, repository } from "../helpers/project.ts";

interface Exports {
  readonly exports: Readonly<Record<string, string>>;
}

let outside: OutsideAgents;
let sandbox: RunningSandbox;
let folder: TestProject;

beforeAll(async () => {
  outside = await startOutsideAgents();
  sandbox = await startSandbox({ chainSpeed: "instant" });
  folder = new TestProject();
  folder.useSandbox(sandbox.url);
  // As npm installs the package: found by its name, beside the SDK.
  for (const part of ["infra", "providers", "crew", "library", "node_modules", "package.json"])
    rmSync(folder.path(part), { recursive: true });
  const installed = "node_modules/masumi-agents";
  mkdirSync(folder.path(installed), { recursive: true });
  symlinkSync(join(repository, "node_modules/@pulumi"), folder.path("node_modules/@pulumi"));
  for (const part of ["library", "providers"])
    symlinkSync(join(repository, part), folder.path(installed, part));
  const { exports } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as Exports;
  const published = {
    name: "masumi-agents",
    type: "module",
    exports: { ".": "./library/index.ts", ...exports },
  };
  folder.write(`${installed}/package.json`, JSON.stringify(published));
  folder.write("package.json", '{ "type": "module" }');
  const example = join(repository, "examples/existing-url");
  for (const file of readdirSync(example)) cpSync(join(example, file), folder.path(file));
});

afterAll(async () => {
  await folder.dispose();
  await sandbox.close();
  await outside.close();
});

async function run(operation: "up" | "destroy"): Promise<RunResult> {
  const { result } = await runStack(
    openProject(folder.root),
    { stack: "local", operation },
    { env: {}, onEvent: () => undefined },
  );
  if (!result?.ok) throw new Error(JSON.stringify(result?.diagnostics));
  return result;
}

/** Replaces what stands once in a file of the project. */
function change(file: string, text: string, by: string): void {
  expect(folder.read(file)).toContain(text);
  folder.write(file, folder.read(file).replace(text, by));
}

describe("a program that registers an agent which runs elsewhere", () => {
  it("registers it, then plans nothing, holds itself to its limit, and deregisters it", async () => {
    // The sandbox's wallet of V1, which needs no address of a payment source.
    const wallet = { vkey: "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db", type: "V1" };
    folder.write(
      "Pulumi.local.yaml",
      `config:\n  existing-url:url: ${outside.url}/translator\n  existing-url:wallet: ${JSON.stringify(wallet)}\n`,
    );
    const up = await run("up");
    expect(up.changes.create).toBe(4);
    expect(up.outputs["agentIdentifier"]).toMatch(/^[0-9a-f]{57,}$/);
    const { same, ...changed } = (await run("up")).changes;
    expect(same).toBe(4);
    expect(Object.values(changed).filter(Boolean)).toEqual([]);

    // Whoever removes the last agent from a program does not destroy: a limit holds, which a destroy does not have. It is this run's,
    // although the provider has its settings from the run before.
    folder.write("index.ts", "export {};\n");
    change("Pulumi.local.yaml", "config:", 'config:\n  masumi:maxAda: "0"');
    await expect(run("up")).rejects.toThrow(/SPENDING_LIMIT: To deregister translator may take/);
    change("Pulumi.local.yaml", 'masumi:maxAda: "0"', 'masumi:maxAda: "1"');
    expect((await run("up")).changes.delete).toBeGreaterThan(0);
  });
});
