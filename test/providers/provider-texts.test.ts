import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { PROVIDER_TEXTS, isOwnProviderText } from "../../providers/provider-texts.ts";
import { repository } from "../helpers/project.ts";

const text = (folder: string, provider: string) =>
  `exports.handler=()=>require("module").createRequire(process.cwd()+"/")("masumi-agents/providers/${folder}").${provider}`;

/**
 * Frozen: every state ever written holds them, and a destroy evaluates them in the program's folder. A change would leave
 * registrations that nobody can deregister, and crews that nobody can end.
 */
const FROZEN = {
  AgentRegistration: text("masumi", "registration"),
  AgentConfirmation: text("masumi", "confirmation"),
  CrewProcess: text("crew-process", "crewProcess"),
  CrewIdentity: text("crew-process", "crewIdentity"),
  CrewDrain: text("crew-drain", "crewDrain"),
  DockerStart: text("docker", "dockerStart"),
  DockerIdentity: text("docker", "dockerIdentity"),
  DockerImageTag: text("docker", "dockerImageTag"),
  EcsRollout: text("ecs", "ecsRollout"),
  EcrImages: text("ecs", "ecrImages"),
  StoredDocument: text("documents", "storedDocument"),
  DatabaseRole: text("database", "databaseRole"),
  SharedProcess: text("shared-crew", "sharedProcess"),
  SharedAgent: text("shared-crew", "sharedAgent"),
  SharedIdentity: text("shared-crew", "sharedIdentity"),
  AgentRecord: text("records", "agentRecord"),
  RegistrationRecord: text("records", "registrationRecord"),
};

/** What the host makes of each text in a folder: the methods of the provider that it leads to. */
async function methodsIn(folder: string): Promise<Record<string, string[]>> {
  const load = createRequire(import.meta.url);
  const fromString = createRequire(load.resolve("@pulumi/pulumi")).resolve("require-from-string");
  const code = `
    const evaluate = require(${JSON.stringify(fromString)});
    const methods = Object.entries(${JSON.stringify(PROVIDER_TEXTS)})
      .map(([name, text]) => [name, Object.keys(evaluate(text).handler()).toSorted()]);
    console.log(JSON.stringify(Object.fromEntries(methods)));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", code], { cwd: folder });
  return JSON.parse(stdout) as Record<string, string[]>;
}

describe("the texts that a state keeps as the resources' providers", () => {
  it("never change", () => expect(PROVIDER_TEXTS).toEqual(FROZEN));

  it("are known to be ours, and nothing else is", () => {
    for (const own of Object.values(FROZEN)) expect(isOwnProviderText(own)).toBe(true);
    expect(isOwnProviderText(`${FROZEN.CrewDrain};`)).toBe(false);
    expect(isOwnProviderText("")).toBe(false);
  });

  it("are the only ones that resources have", () => {
    const sources = globSync("{infra,providers}/**/*.ts", { cwd: repository });
    const given = sources.flatMap((file) =>
      [...readFileSync(join(repository, file), "utf8").matchAll(/__provider: *([^,}\s]+)/g)].map(
        ([, value = ""]) => value,
      ),
    );
    expect(given.toSorted()).toEqual(
      Object.keys(FROZEN)
        .map((name) => `PROVIDER_TEXTS.${name}`)
        .toSorted(),
    );
  });
});

describe("each text leads to its provider", { timeout: 60_000 }, () => {
  const project = mkdtempSync(join(tmpdir(), "masumi-depends-"));
  afterAll(() => rmSync(project, { recursive: true }));

  it("in this repository, and in a project that depends on the package", async () => {
    mkdirSync(join(project, "infra"));
    mkdirSync(join(project, "node_modules"));
    writeFileSync(join(project, "package.json"), '{ "name": "a-team", "type": "module" }');
    symlinkSync(repository, join(project, "node_modules", "masumi-agents"));

    const [here, there] = await Promise.all([
      methodsIn(join(repository, "infra")),
      methodsIn(join(project, "infra")),
    ]);
    expect(here["AgentRegistration"]).toEqual([
      "check",
      "configure",
      "create",
      "delete",
      "diff",
      "read",
      "update",
    ]);
    for (const methods of Object.values(here)) expect(methods).toContain("create");
    expect(there).toEqual(here);
  });
});
