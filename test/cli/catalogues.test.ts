import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";

let project: TestProject;
let sandbox: RunningSandbox;
let outside: OutsideAgents;

beforeAll(async () => {
  [sandbox, outside] = [await startSandbox({ chainSpeed: "instant" }), await startOutsideAgents()];
  project = new TestProject();
  project.useSandbox(sandbox.url);
  project.write("agents/writer.yaml", outsideAgent("Writer", outside.url));
}, 120_000);

afterAll(async () => {
  await project.dispose();
  await sandbox.close();
  await outside.close();
});

const setCatalogues = async (settings: object) => {
  const { exitCode, stderr } = await project.run(
    "config",
    "set",
    "masumi:catalogues",
    JSON.stringify(settings),
  );
  expect(stderr).toContain("Set masumi:catalogues");
  expect(exitCode).toBe(0);
};

interface Output {
  readonly agents: Readonly<Record<string, { readonly catalogues: Readonly<Record<string, unknown>> }>>;
}

it("a stack that uses none hears nothing of catalogues", async () => {
  const { exitCode, stdout, stderr } = await project.run("up");
  expect(exitCode).toBe(0);
  expect(stdout + stderr).not.toMatch(/catalogue|warning/);
});

it("up outputs the entries of the catalogues that the stack uses, and the next one finds nothing to do", async () => {
  await setCatalogues({ "erc-8004": {}, backstage: { owner: "agents" } });
  expect(await project.report("preview")).toMatchObject({ ok: true });
  await project.report("up");
  const { stdout } = await project.run("stack", "output", "agents", "--json");
  const { catalogues = {} } = (JSON.parse(stdout) as Output).agents["writer"] ?? {};
  expect(Object.keys(catalogues).toSorted()).toEqual(["backstage", "erc-8004"]);
  const { agents } = JSON.parse((await project.run("status", "--json")).stdout) as {
    readonly agents: readonly { readonly agentIdentifier: string; readonly url: string }[];
  };
  const [{ agentIdentifier, url } = { agentIdentifier: "", url: "" }] = agents;
  expect(catalogues["erc-8004"]).toMatchObject({
    services: [
      { name: "web", endpoint: url },
      { name: "Masumi", endpoint: agentIdentifier },
    ],
  });
  const again = await project.report("up");
  expect(Object.entries(again.changes).filter(([op, number]) => op !== "same" && number > 0)).toEqual([]);
}, 120_000);

it("a catalogue's settings that are wrong are said by validate, plan and up, with the same words", async () => {
  await setCatalogues({ backstage: { ownr: "agents" } });
  for (const command of ["validate", "plan", "up"]) {
    const { exitCode, stderr, stdout } = await project.run(command);
    expect(exitCode).toBe(1);
    expect(stderr + stdout).toMatch(/masumi:catalogues\.backstage.*ownr/);
  }
}, 60_000);
