import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { destroy, exportState, preview, refresh, stackOutputs, up, type EngineEvent } from "../index.ts";
import { SECRET, TestProject } from "./helpers/project.ts";

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 180_000 });

let project: TestProject;

beforeEach(async () => {
  project = await TestProject.create();
});

afterEach(() => project.remove());

const messages = (events: readonly EngineEvent[], severity: string): string[] =>
  events.flatMap((event) =>
    event.kind === "diagnostic" && event.severity === severity ? [event.message] : [],
  );

describe("a stack from the first up to destroy", () => {
  it("is created, left alone, changed as previewed, and deleted", async () => {
    await project.want(
      { name: "a", token: true },
      { name: "b", dependsOn: ["a"] },
      { name: "g", group: true },
    );
    const cache = join(project.folder, "cache");
    const created = await up(project.options({ env: { NODE_COMPILE_CACHE: cache } }));
    expect(created).toMatchObject({ ok: true, exitCode: 0, changes: { create: 5, same: 0 } });
    expect(await project.calls()).toEqual(expect.arrayContaining(["create a", "create b", "create g-inner"]));
    expect(created.outputs).toEqual({
      labels: { a: "a:k:0", b: "b:k:0", g: "g-inner:k:0" },
      secret: "[secret]",
    });
    // Both processes keep the SDK as they compiled it, each for its own next start.
    for (const role of ["program", "provider"])
      expect((await readdir(join(cache, role), { recursive: true })).length).toBeGreaterThan(50);

    const ciphertexts = async (): Promise<string[]> =>
      [...(await readFile(project.stateFile, "utf8")).matchAll(/"ciphertext":"([^"]+)"/gu)].map(
        ([, text = ""]) => text,
      );
    const sealed = await ciphertexts();
    expect(sealed.length).toBeGreaterThan(3);
    expect((await up(project.options())).changes).toMatchObject({ same: 5, create: 0, update: 0, delete: 0 });
    expect(await ciphertexts()).toEqual(sealed);
    expect(await project.calls()).toEqual([]);

    await project.want({ name: "a", size: 2, token: true }, { name: "b", kind: "k2", dependsOn: ["a"] });
    const before = await readFile(project.stateFile, "utf8");
    const planned = await preview(project.options());
    expect(planned.changes).toMatchObject({ update: 1, replace: 1, delete: 2, same: 1 });
    expect(planned.steps.find(({ name, op }) => name === "a" && op === "update")?.diff).toEqual(["size"]);
    expect(await project.calls()).toEqual([]);
    expect(await readFile(project.stateFile, "utf8")).toBe(before);

    const changed = await up(project.options());
    expect(changed.changes).toEqual(planned.changes);
    const calls = await project.calls();
    expect(calls.indexOf("create done b")).toBeLessThan(calls.indexOf("delete b"));
    expect(await project.names()).toEqual(["a", "b"]);
    expect(await stackOutputs(project.options(), { showSecrets: true })).toMatchObject({ secret: SECRET });

    expect((await refresh(project.options())).changes).toMatchObject({ same: 3 });

    expect((await destroy(project.options())).changes).toMatchObject({ delete: 3 });
    expect(await project.names()).toEqual([]);
    expect((await project.calls()).filter((call) => call.startsWith("delete done"))).toEqual([
      "delete done b",
      "delete done a",
    ]);
    expect(await exportState(project.options())).toMatchObject({ version: 3, deployment: { metadata: {} } });
  });
});

describe("a resource that vanished", () => {
  it("is made again by an up that refreshes first", async () => {
    await project.want({ name: "a" }, { name: "b", dependsOn: ["a"] });
    await up(project.options());
    await project.calls();
    const result = await up(project.options({ refresh: true, env: { GONE: "a" } }));
    expect(result).toMatchObject({ ok: true, changes: { create: 1, same: 2, delete: 0 } });
    expect(result.steps.filter(({ op }) => op !== "same").map(({ op, name }) => `${op} ${name}`)).toEqual([
      "delete a",
      "create a",
    ]);
    expect(await project.calls()).toEqual(["create a", "create done a"]);
    expect((await up(project.options({ refresh: true }))).changes).toMatchObject({ same: 3, create: 0 });
  });
});

describe("a resource that was deleted, and whose replacement failed", () => {
  it("is not looked for by a refresh, and is replaced by the next up", async () => {
    await project.want({ name: "a" });
    await up(project.options());
    await project.want({ name: "a", kind: "k2", deleteFirst: true, failing: ["create"] });
    expect((await up(project.options())).ok).toBe(false);
    expect((await refresh(project.options({ env: { GONE: "a" } }))).ok).toBe(true);
    expect(await project.names()).toEqual(["a"]);
    await project.calls();
    await project.want({ name: "a", kind: "k2", deleteFirst: true });
    expect((await up(project.options())).changes).toMatchObject({ replace: 1 });
    expect(await project.calls()).toEqual(["create a", "create done a"]);
  });
});

describe("options of a resource", () => {
  it("are honoured and recorded", async () => {
    const options = {
      additionalSecretOutputs: ["label"],
      customTimeouts: { create: "1m30s" },
      retainOnDelete: true,
    };
    const b = { name: "b" };
    const c = { name: "c", options: { deletedWith: "b" } };
    await project.want({ name: "a", size: 1, options: { ...options, ignoreChanges: ["size"] } }, b, c);
    await up(project.options());
    const record = (await project.state()).checkpoint.latest.resources?.find(({ urn }) =>
      urn.endsWith("::a"),
    );
    expect(record).toMatchObject({
      additionalSecretOutputs: ["label"],
      customTimeouts: { create: 90 },
      retainOnDelete: true,
      ignoreChanges: ["size"],
      outputs: { label: { ciphertext: expect.any(String) } },
    });

    await project.want({ name: "a", size: 2, options: { ...options, ignoreChanges: ["size"] } }, b, c);
    expect((await up(project.options())).changes).toMatchObject({ update: 0, same: 4 });

    await project.calls();
    await project.want();
    expect((await up(project.options())).changes).toMatchObject({ delete: 3 });
    expect(await project.calls()).toEqual(["delete b", "delete done b"]);
  });
});

describe("steps that do not depend on each other", () => {
  const three = ["a", "b", "c"].map((name) => ({ name, milliseconds: 400 }));

  it("run at the same time", async () => {
    await project.want(...three);
    await up(project.options());
    const calls = await project.calls();
    expect(calls.slice(0, 3).toSorted()).toEqual(["create a", "create b", "create c"]);
  });

  it("run one at a time when the caller says so", async () => {
    await project.want(...three);
    await up(project.options({ parallel: 1 }));
    const calls = await project.calls();
    expect(calls.map((call) => call.includes("done"))).toEqual([false, true, false, true, false, true]);
  });
});

describe("what goes wrong", () => {
  it("does not lose a step that is slow while another fails", async () => {
    await project.want(
      { name: "slow", milliseconds: 1500 },
      { name: "broken", failing: ["create"] },
      { name: "later", dependsOn: ["slow"] },
    );
    const result = await up(project.options());
    expect(result).toMatchObject({ ok: false, exitCode: 1 });
    expect(result.diagnostics).toContainEqual(
      expect.objectContaining({
        severity: "error",
        message: "create of broken failed on purpose",
        urn: expect.stringMatching(/::broken$/u),
      }),
    );
    expect(await project.calls()).toContain("create done slow");
    expect(await project.names()).toEqual(["slow"]);
    expect((await project.state()).checkpoint.latest.pending_operations).toBeUndefined();
  });

  it("lets running steps finish and saves them when the run is aborted", async () => {
    await project.want({ name: "slow", milliseconds: 1500 }, { name: "later", dependsOn: ["slow"] });
    const controller = new AbortController();
    const result = await up(
      project.options({
        signal: controller.signal,
        onEvent: (event) => {
          if (event.kind === "step-start" && event.step.name === "slow") controller.abort();
        },
      }),
    );
    expect(result).toMatchObject({ ok: false, exitCode: 1 });
    expect(result.diagnostics.at(-1)?.message).toBe("update canceled");
    expect(await project.names()).toEqual(["slow"]);
    expect((await up(project.options())).changes).toMatchObject({ create: 1, same: 2 });
  });

  it("is told apart: what is printed or logged is no failure, what is thrown is one and leaves the state alone", async () => {
    await project.want({ name: "a" });
    const printing = { PROGRAM_PRINTS: "1", PROVIDER_PRINTS: "1", STATUS: "1" };
    expect((await up(project.options({ env: printing }))).exitCode).toBe(0);
    expect(messages(project.events, "error")).toEqual(["logged by the program"]);
    // A passing message of the provider stands under its resource.
    expect(messages(project.events, "info")).toEqual(
      expect.arrayContaining([
        "printed by the program",
        "printed by the provider",
        "complained by the provider",
      ]),
    );
    await project.want();

    // The program says itself what is wrong: no stack trace.
    project.events.length = 0;
    const refused = await up(project.options({ env: { PROGRAM_THROWS: "RunError" } }));
    expect(refused.exitCode).toBe(1);
    expect(messages(project.events, "error")).toEqual(["the configuration is wrong", "update failed"]);

    // The program has a mistake: its place is shown.
    project.events.length = 0;
    expect(await up(project.options({ env: { PROGRAM_THROWS: "1", FORCE_COLOR: "0" } }))).toMatchObject({
      ok: false,
      changes: { delete: 0 },
    });
    expect(messages(project.events, "error")[0]).toMatch(/the program has a mistake[\s\S]*infra\/index\.ts/u);
    expect(await project.names()).toEqual(["a"]);
  });
});

describe("secrets", () => {
  it("stand nowhere in the clear: not in the state, not in an event, not in the result", async () => {
    await project.want(
      { name: "a", token: true },
      { name: "b", kind: "k2", token: true, failing: ["delete"] },
    );
    const results = [await up(project.options())];
    await project.want({ name: "a", token: true, size: 1 });
    results.push(await preview(project.options()), await up(project.options()));
    expect(results.at(-1)?.exitCode).toBe(1);
    const visible = [
      await readFile(project.stateFile, "utf8"),
      await readFile(`${project.stateFile}.bak`, "utf8"),
      JSON.stringify(project.events),
      JSON.stringify(results),
    ];
    for (const text of visible) expect(text).not.toContain(SECRET);
  });

  it("that the program makes itself are masked in what the provider prints while it makes their resource", async () => {
    await project.want({ name: "a", secretToken: "fresh-secret" });
    const { ok, diagnostics } = await up(project.options({ env: { PROVIDER_TELLS: "1" } }));
    expect(ok).toBe(true);
    expect(JSON.stringify(diagnostics)).toContain("create with token [secret]");
    expect(JSON.stringify([diagnostics, project.events])).not.toContain("fresh-secret");
  });
});

describe("a caller that refuses the stack", () => {
  it("sees its configuration, secrets masked, and nothing runs", async () => {
    await project.want({ name: "a" });
    let seen: Readonly<Record<string, string>> = {};
    const result = await up(
      project.options({
        refuse: (config) => {
          seen = config;
          return "this stack is not for this engine";
        },
      }),
    );
    expect(seen).toEqual({ "esm-program:token": "[secret]" });
    expect(result).toMatchObject({ exitCode: 1, steps: [] });
    expect(messages(project.events, "error")[0]).toBe("STACK_REFUSED: this stack is not for this engine");
    expect(await project.calls()).toEqual([]);
  });
});
