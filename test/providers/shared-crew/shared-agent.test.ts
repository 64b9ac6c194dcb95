/** What the provider of SharedAgent does for one agent, before a service that reads its folder as the crew runtime does. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packagesOf } from "../../../providers/crew-process/local/index.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { provider } from "../../../providers/shared-crew/shared-agent.ts";
import type { Place } from "../../../providers/shared-crew/store/agent-store.ts";

type Inputs = Parameters<typeof provider.create>[0];

const digestOf = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");

/** As infra/deploy/shared passes it where stacks share a service. */
const inStack = (stack: string): Inputs => ({
  ...inputs,
  environment: { ...inputs.environment, AGENT_STACK: stack },
});

let projectRoot: string;
let server: Server;
let inputs: Inputs;

const agents = () => join(projectRoot, ".masumi/crews/_shared/agents");
const fileOf = (path: string) => join(agents(), "writer", path);
const contentOf = (path: string) => readFileSync(fileOf(path), "utf8");

/** A service that cannot use a crew that says so. */
function health(): object {
  if (!existsSync(fileOf("crew.json"))) return {};
  const declaration = contentOf("crew.json");
  const { SECRETS_REVISION: revision } = JSON.parse(contentOf("environment.json")) as Record<string, string>;
  const crew = declaration.includes("unusable") ? "unusable" : "ready";
  return { declaration: digestOf(declaration), revision, crew };
}

beforeAll(async () => {
  projectRoot = mkdtempSync(join(tmpdir(), "masumi-shared-agent-"));
  writeFileSync(join(projectRoot, "Pulumi.yaml"), `name: shared\nmain: ${process.cwd()}\n`);
  server = createServer((_, answer) => answer.end(JSON.stringify(health())));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});
afterAll(() => {
  server.close();
  rmSync(projectRoot, { recursive: true });
});
beforeEach(() => {
  rmSync(agents(), { recursive: true, force: true });
  inputs = {
    agentId: "writer",
    place: { kind: "folder", projectRoot },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/writer`,
    declaration: '{"id":"writer"}',
    environment: { DAILY_TOKENS: "1000" },
    secrets: { MODEL_KEY: "sentinel-key" },
    files: [],
    instances: 2,
    seconds: 20,
  };
});

/** A file as the program lays it out. */
function beside(path: string, content: string): Inputs["files"][number] {
  const source = join(projectRoot, `source-${digestOf(path)}`);
  writeFileSync(source, content);
  return { path, sha256: digestOf(content), source };
}

const docker = (container: string, host = "", folder = "/data/agents"): Place => ({
  kind: "docker",
  host,
  container,
  folder,
});
const bucket = (name: string, prefix: string, profile?: string): Place => ({
  kind: "bucket",
  bucket: { bucket: name, region: "eu-central-1", ...(profile ? { profile } : {}) },
  prefix,
});

describe("what changes an agent", () => {
  const same = { environment: { B: "2", A: "1" } };

  it.each([
    ["nothing", {}, {}, undefined],
    ["its declaration", {}, { declaration: "{}" }, "update"],
    ["a variable", same, { environment: { B: "2", A: "3" } }, "update"],
    ["a secret", {}, { secrets: { MODEL_KEY: "another" } }, "update"],
    ["the version of secrets elsewhere", { secretsVersion: 1 }, { secretsVersion: 2 }, "update"],
    ["a document", {}, { files: [{ path: "documents/a", sha256: "a", source: "x" }] }, "update"],
    ["how long it is waited for", {}, { seconds: 900, instances: 1 }, undefined],
    ["how its engine is reached", { place: docker("a") }, { place: docker("a", "", "/x") }, "update"],
    ["its container", { place: docker("a") }, { place: docker("b") }, "replace"],
    ["whose key opens its bucket", { place: bucket("a", "p") }, { place: bucket("a", "p", "me") }, "update"],
    ["its bucket", { place: bucket("a", "p") }, { place: bucket("b", "p") }, "replace"],
    ["its part of the bucket", { place: bucket("a", "p") }, { place: bucket("a", "q") }, "replace"],
    ["its kind of place", { place: docker("a") }, { place: bucket("a", "p") }, "replace"],
  ] as const)("%s", async (_what, before, after, verdict) => {
    const olds = { ...inputs, ...before };
    if (olds.place.kind === "folder") await provider.create({ ...olds });
    const { changes, replaces } = await provider.diff("writer", olds, { ...olds, ...after });
    expect({ changes, replaces }).toEqual({
      changes: verdict !== undefined,
      replaces: verdict === "replace" ? ["place"] : [],
    });
  });

  it("that its files are gone from this machine, or are no longer what was written", async () => {
    await provider.create(inputs);
    writeFileSync(fileOf("crew.json"), "{}");
    expect(await provider.diff("writer", inputs, inputs)).toMatchObject({ changes: true });
    rmSync(agents(), { recursive: true });
    expect(await provider.diff("writer", inputs, inputs)).toMatchObject({ changes: true });
  });
});

describe("an agent", () => {
  it("is written, found again, and removed with all that it had; twice is once", async () => {
    const { outs } = await provider.create({ ...inputs, files: [beside("documents/a.md", "a")] });
    expect(contentOf("crew.json")).toBe(inputs.declaration);
    expect(JSON.parse(contentOf("environment.json"))).toEqual({
      DAILY_TOKENS: "1000",
      SECRETS_REVISION: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    });
    expect(JSON.parse(contentOf("secrets.json"))).toEqual(inputs.secrets);
    expect(await provider.read("writer", outs)).toMatchObject({ props: { declaration: inputs.declaration } });
    await provider.delete("writer", outs);
    expect(existsSync(join(agents(), "writer"))).toBe(false);
    expect(await provider.read("writer", outs)).toEqual({});
    await provider.delete("writer", outs);
  });

  it("that cannot be used is not created, and leaves nothing", async () => {
    await expect(provider.create({ ...inputs, declaration: '"unusable"' })).rejects.toMatchObject({
      code: "SHARED_AGENT_NOT_UP",
    });
    expect(existsSync(join(agents(), "writer"))).toBe(false);
  });

  it("whose change cannot be used stays as it was", async () => {
    const { outs } = await provider.create(inputs);
    const before = contentOf("environment.json");
    const news = { ...inputs, declaration: '"unusable"', secrets: { MODEL_KEY: "another" } };
    await expect(provider.update("writer", outs, news)).rejects.toMatchObject({
      code: "SHARED_AGENT_NOT_UP",
    });
    expect(contentOf("crew.json")).toBe(inputs.declaration);
    expect(contentOf("environment.json")).toBe(before);
    expect(JSON.parse(contentOf("secrets.json"))).toEqual(inputs.secrets);
  });

  it("keeps the documents of the version before, which jobs may still read, for one more change", async () => {
    const [first, second, third] = ["1", "2", "3"].map((name) => beside(`documents/${name}.md`, name));
    const withFile = (file: typeof first) => ({ ...inputs, files: file ? [file] : [] });
    const isThere = () => ["1", "2", "3"].map((name) => existsSync(fileOf(`documents/${name}.md`)));
    const created = await provider.create(withFile(first));
    const updated = await provider.update("writer", created.outs, withFile(second));
    expect(isThere()).toEqual([true, true, false]);
    await provider.update("writer", updated.outs, withFile(third));
    expect(isThere()).toEqual([false, true, true]);
  });

  it("is not stored with a file that changed during the run", async () => {
    const file = beside("documents/a.md", "a");
    writeFileSync(file.source, "b");
    await expect(provider.create({ ...inputs, files: [file] })).rejects.toThrow(/changed during this run/);
    expect(existsSync(fileOf("crew.json"))).toBe(false);
  });
});

describe("packages for a container", () => {
  /** Packages as another run has packed them before. */
  function packedBefore(lock: string): Inputs {
    const folder = packagesOf(lock);
    const packed = join(projectRoot, ".masumi/packed");
    mkdirSync(packed, { recursive: true });
    writeFileSync(
      join(packed, `${folder.replace("packages/", "")}-aarch64-manylinux_2_36-3.12.tgz`),
      `packed ${lock}`,
    );
    const file = join(projectRoot, "pylock.toml");
    writeFileSync(file, lock);
    const target = { platform: "linux/arm64", python: "3.12", project: projectRoot };
    return { ...inputs, packages: { folder, lock: file, target } };
  }
  const archives = () => readdirSync(fileOf("packages"));
  const nameOf = (lock: string) =>
    `${packagesOf(lock).replace("packages/", "")}.${digestOf(`packed ${lock}`)}.tgz`;

  it("are stored as an archive, by its digest, and the former one is kept for one more change", async () => {
    const { outs } = await provider.create(packedBefore("first"));
    expect(archives()).toEqual([nameOf("first")]);
    expect(contentOf(`packages/${nameOf("first")}`)).toBe("packed first");
    const second = await provider.update("writer", outs, packedBefore("second"));
    expect(archives().toSorted()).toEqual([nameOf("first"), nameOf("second")].toSorted());
    await provider.update("writer", second.outs, { ...inputs, declaration: "{}" });
    expect(archives()).toEqual([nameOf("second")]);
  });

  it("are neither packed nor stored again if something else changes", async () => {
    const before = packedBefore("kept");
    const { outs } = await provider.create(before);
    rmSync(join(projectRoot, ".masumi/packed"), { recursive: true });
    const { outs: after } = await provider.update("writer", outs, { ...before, declaration: "{}" });
    expect(after.archive).toEqual(outs.archive);
    expect(archives()).toEqual([nameOf("kept")]);
  });

  it("of another lock than the one that was decided on are not stored", async () => {
    const before = packedBefore("decided");
    writeFileSync(join(projectRoot, "pylock.toml"), "another");
    await expect(provider.create(before)).rejects.toMatchObject({ code: "CREW_INSTALL_FAILED" });
    expect(existsSync(join(agents(), "writer"))).toBe(false);
  });

  it("change the agent with its platform", async () => {
    const before = packedBefore("moved");
    const target = { platform: "linux/amd64", python: "3.12", project: projectRoot };
    const { outs } = await provider.create(before);
    const news = { ...before, packages: { ...before.packages, target } } as Inputs;
    expect(await provider.diff("writer", outs, news)).toEqual({ changes: true, replaces: [] });
    expect(await provider.diff("writer", outs, before)).toEqual({ changes: false, replaces: [] });
  });
});

describe("an agent of a service that stacks share", () => {
  it("is refused where another stack has one of its id, whose files stay as they are", async () => {
    await provider.create(inStack("customers-01"));
    const before = contentOf("environment.json");
    await expect(
      provider.create({ ...inStack("customers-02"), declaration: '{"id":"other"}' }),
    ).rejects.toMatchObject({
      code: "SHARED_AGENT_TAKEN",
    });
    expect(contentOf("environment.json")).toBe(before);
    expect(contentOf("crew.json")).toBe('{"id":"writer"}');
  });

  it.each([
    [
      "of the stack whose service it joins",
      () => inputs,
      () => ({ ...inStack("customers-01"), joins: true }),
    ],
    ["of a stack that has joined its service", () => inStack("customers-01"), () => inputs],
  ])("is refused where there is one %s", async (_what, there, wanted) => {
    await provider.create(there());
    const before = contentOf("environment.json");
    const create = provider.create({ ...wanted(), declaration: '{"id":"other"}' });
    await expect(create).rejects.toMatchObject({ code: "SHARED_AGENT_TAKEN" });
    expect(contentOf("environment.json")).toBe(before);
    expect(contentOf("crew.json")).toBe('{"id":"writer"}');
  });

  it.each([
    ["what a killed run of its own stack has left", () => provider.create(inStack("customers-01"))],
    ["what was left by a stack of its own", () => provider.create(inputs)],
  ])("comes back over %s", async (_what, leave) => {
    await leave();
    const { outs } = await provider.create(inStack("customers-01"));
    expect(await provider.diff("writer", outs, inStack("customers-01"))).toMatchObject({ changes: false });
  });
});
