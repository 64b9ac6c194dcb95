import { mkdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  configValues,
  destroy,
  getConfig,
  preview,
  refresh,
  removeConfig,
  setConfig,
  unprotect,
  up,
} from "../index.ts";
import { createDisplay } from "../display/display.ts";
import { SECRET, TestProject } from "./helpers/project.ts";

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 180_000 });

let project: TestProject;

beforeEach(async () => {
  project = await TestProject.create();
});

afterEach(() => project.remove());

describe("configuration", () => {
  it("is set, read and removed; secrets are encrypted in the file", async () => {
    const options = project.options();
    await setConfig(options, "plain", "p");
    await setConfig(options, "other:secret", "very secret", { secret: true });
    expect(await getConfig(options, "esm-program:plain")).toEqual({
      key: "esm-program:plain",
      value: "p",
      secret: false,
    });
    expect(await getConfig(options, "other:secret")).toMatchObject({ value: "very secret", secret: true });
    expect(await getConfig(options, "token")).toMatchObject({ value: SECRET });
    expect(await readFile(`${project.folder}/Pulumi.dev.yaml`, "utf8")).not.toContain("very secret");

    await removeConfig(options, "plain");
    expect((await configValues(options)).map(({ key }) => key)).toEqual([
      "esm-program:token",
      "other:secret",
    ]);
    await expect(getConfig(options, "plain")).rejects.toMatchObject({ code: "CONFIG_NOT_FOUND" });
    await removeConfig(options, "plain");
    await expect(setConfig(options, "a:b:c", "x")).rejects.toMatchObject({ code: "BAD_CONFIG_KEY" });
  });
});

describe("a stack that somebody else has locked", () => {
  it("is neither changed nor unprotected, but can be previewed", async () => {
    await project.want({ name: "a" });
    await mkdir(project.lockFolder, { recursive: true });
    const lock = { pid: process.ppid, username: "somebody", hostname: hostname(), timestamp: "now" };
    await writeFile(join(project.lockFolder, "other.json"), JSON.stringify(lock));
    for (const run of [up, refresh, destroy]) {
      const result = await run(project.options());
      expect(result.ok).toBe(false);
      expect(result.diagnostics[0]?.message).toMatch(
        /^STACK_LOCKED: The stack is locked by another run:\n.*\n.*`cancel`\.$/u,
      );
    }
    await expect(unprotect(project.options(), "all")).rejects.toMatchObject({ code: "STACK_LOCKED" });
    expect((await preview(project.options())).changes).toMatchObject({ create: 2 });
    expect(await project.calls()).toEqual([]);
  });
});

describe("protection", () => {
  it("of what would have to go with a resource keeps both from being replaced", async () => {
    const b = { name: "b", options: { protect: true, deletedWith: "a" } };
    await project.want({ name: "a", kind: "k1", deleteFirst: true }, b);
    expect((await up(project.options())).ok).toBe(true);
    await project.calls();
    const before = await project.names();
    await project.want({ name: "a", kind: "k2", deleteFirst: true }, b);
    for (const run of [preview, up]) {
      const result = await run(project.options());
      expect(result.ok).toBe(false);
      expect(result.diagnostics[0]?.message).toMatch(
        /unable to replace resource ".*::b" as part of replacing ".*::a"/u,
      );
    }
    expect(await project.calls()).toEqual([]);
    expect(await project.names()).toEqual(before);
  });

  it("is taken away in the state, from the named resources or from all; the rest of the state stays as it is", async () => {
    const protect = { options: { protect: true } };
    await project.want({ name: "a", token: true, ...protect }, { name: "b", ...protect }, { name: "c" });
    await up(project.options());
    const before = await project.state();
    const urnOf = (name: string): string =>
      `urn:pulumi:dev::esm-program::pulumi-nodejs:dynamic/test:Thing::${name}`;

    await expect(unprotect(project.options(), [urnOf("a"), urnOf("z")])).rejects.toMatchObject({
      code: "RESOURCE_NOT_FOUND",
      message: expect.stringContaining(urnOf("b")),
    });
    expect(await project.state()).toEqual(before);

    expect(await unprotect(project.options(), [urnOf("a"), urnOf("c")])).toEqual([urnOf("a")]);
    const withoutProtection = (names: readonly string[]) =>
      (before.checkpoint.latest.resources ?? []).map(({ protect: protectedBefore, ...rest }) =>
        protectedBefore === true && !names.includes(rest.urn)
          ? { ...rest, protect: true }
          : { ...rest, ...(protectedBefore === undefined ? {} : { protect: undefined }) },
      );
    expect((await project.state()).checkpoint.latest.resources).toEqual(withoutProtection([urnOf("a")]));
    expect(await unprotect(project.options(), "all")).toEqual([urnOf("b")]);

    await project.want({ name: "c" });
    expect((await up(project.options())).changes).toMatchObject({ delete: 2 });
  });
});

describe("a preview that shows differences in full", () => {
  it("prints every input with what changes in it, and no secret", async () => {
    await project.want({ name: "a", size: 1, list: [1, { x: 1 }], token: true }, { name: "gone" });
    await up(project.options());
    await project.want(
      { name: "a", size: 2, list: [1, { x: 2 }, 3], token: true },
      { name: "new", deep: { y: [true] } },
    );
    const lines: string[] = [];
    const stream = { write: (text: string) => lines.push(...text.trimEnd().split("\n")) };
    const show = createDisplay({ stream: stream as never, interactive: false, colour: false, diff: true });
    await preview(project.options({ onEvent: show }));
    const text = lines.join("\n");
    expect(text).toContain(
      [
        "    ~ pulumi-nodejs:dynamic/test:Thing: (update)",
        "        [id=a-k]",
        "        [urn=urn:pulumi:dev::esm-program::pulumi-nodejs:dynamic/test:Thing::a]",
      ].join("\n"),
    );
    expect(text).toContain(
      [
        '        kind: "k"',
        "      ~ list: [",
        "            [0]: 1",
        "          ~ [1]: {",
        "              ~ x: 1 => 2",
        "            }",
        "          + [2]: 3",
        "        ]",
        '        name: "a"',
      ].join("\n"),
    );
    expect(text).toContain("      ~ size: 1 => 2\n        token: [secret]");
    expect(text).toMatch(/\+ \S+:Thing: \(create\)\n.*::new\]\n.*\n\s+deep: \{\n\s+y: \[\n\s+\[0\]: true/u);
    expect(text).toMatch(/- \S+:Thing: \(delete\)\n\s+\[id=gone-k\]/u);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain("__provider");
  });
});
