import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { destroy, preview, refresh, type RunOptions, type RunResult, up } from "../index.ts";
import { ProviderTrust } from "../providers/provider-trust.ts";
import { findPlugin } from "../providers/launch.ts";
import { sent } from "../providers/wire.ts";
import { Crypter } from "../state/crypto.ts";
import { StateCodec } from "../state/codec.ts";
import { emptyState } from "../state/resource.ts";
import { makeSecret, type PropertyMap, UNKNOWN } from "../values.ts";
import { Attack, OWN, type Resource, SECRET, SIGNATURE, THREE } from "./helpers/attack.ts";

vi.setConfig({ testTimeout: 180_000 });

const REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";

const RUNS: Readonly<Record<string, (options: RunOptions) => Promise<RunResult>>> = {
  up,
  preview,
  refresh,
  destroy,
  "up with a refresh": (options) => up({ ...options, refresh: true }),
};

const errorsOf = ({ diagnostics }: RunResult): string =>
  diagnostics.flatMap(({ severity, message }) => (severity === "error" ? [message] : [])).join("\n");

let attack: Attack;

beforeAll(async () => {
  attack = await Attack.prepare();
});

afterAll(() => attack.project.remove());

async function refusedBy(run: string, options = attack.options({ trusted: [OWN] })): Promise<string> {
  const result = await (RUNS[run] ?? up)(options);
  expect(existsSync(attack.prey)).toBe(false);
  expect(result).toMatchObject({ ok: false, exitCode: 1 });
  const message = errorsOf(result);
  expect(message).toContain("provider code that does not come from this program");
  expect(message).not.toContain("writeFileSync");
  return message;
}

describe.each(Object.keys(RUNS))("%s, on a state with foreign provider code", (run) => {
  beforeEach(() => attack.project.want(...THREE));

  it("refuses it, and names the resource", async () => {
    await attack.write((named) => {
      named("a").inputs["__provider"] = attack.code;
      named("a").outputs["__provider"] = attack.code;
    });
    expect(await refusedBy(run)).toMatch(/::a \(SHA-256 [0-9a-f]{12}…\)/u);
    expect(await attack.project.calls()).toEqual([]);
  });

  it("refuses it in what the program does not have any more", async () => {
    await attack.project.want({ name: "a" });
    await attack.write((named) => {
      named("b").outputs["__provider"] = attack.code;
      named("c").outputs["__provider"] = [attack.code];
    });
    const message = await refusedBy(run);
    expect(message).toMatch(/::b \(SHA-256 /u);
    expect(message).toMatch(/::c \(not a string\)/u);
    expect(await attack.project.calls()).toEqual([]);
  });

  it("refuses it in what an earlier run left to be deleted or replaced", async () => {
    await attack.write((named, resources) => {
      const { outputs, ...rest } = structuredClone(named("c"));
      const foreign = { ...rest, outputs: { ...outputs, __provider: attack.code } };
      resources.push({ ...foreign, delete: true });
      resources.push({ ...foreign, urn: `${rest.urn}2`, pendingReplacement: true });
    });
    const message = await refusedBy(run);
    expect(message).toMatch(/::c \(SHA-256 /u);
    expect(message).toMatch(/::c2 \(SHA-256 /u);
  });
});

describe("a caller that trusts everything", () => {
  it.each(["refresh", "destroy"])("would run it: %s", async (run) => {
    await attack.write((named) => {
      named("c").outputs["__provider"] = attack.code;
    });
    expect(await RUNS[run]?.(attack.project.options())).toMatchObject({ ok: true });
    expect(existsSync(attack.prey)).toBe(true);
  });
});

describe("a caller that trusts nothing", () => {
  beforeEach(async () => {
    await attack.project.want(...THREE);
    await attack.write(() => undefined);
  });

  it("can run what its program brings", async () => {
    expect(await up(attack.options())).toMatchObject({ ok: true, changes: { same: 4 } });
    await attack.project.want({ name: "a" });
    expect(await up(attack.options())).toMatchObject({ ok: true, changes: { delete: 2 } });
  });

  it.each(["refresh", "destroy", "up with a refresh"])(
    "cannot run %s: no program brings the code",
    async (run) => {
      const message = await refusedBy(run, attack.options());
      for (const name of ["a", "b", "c"]) expect(message).toContain(`::${name} (SHA-256 `);
    },
  );
});

describe("foreign provider code has no way round", () => {
  beforeEach(() => attack.project.want(...THREE));

  it.each<[string, (resource: Resource) => void]>([
    ["by the outputs alone", ({ outputs }) => (outputs["__provider"] = attack.code)],
    ["by the inputs alone", ({ inputs }) => (inputs["__provider"] = attack.code)],
    [
      "by a secret in a secret",
      ({ outputs }) => (outputs["__provider"] = attack.sealed({ [SIGNATURE]: SECRET, value: attack.code })),
    ],
  ])("%s", async (_, change) => {
    await attack.write((named) => change(named("c")));
    for (const run of ["up", "destroy"]) expect(await refusedBy(run)).toMatch(/::c \(SHA-256 /u);
  });

  it("by the type of another package, or by a URN that says otherwise", async () => {
    await attack.write((named) => {
      Object.assign(named("c"), { type: "aws:s3/bucket:Bucket" });
      named("c").outputs["__provider"] = attack.code;
    });
    expect(await refusedBy("destroy")).toMatch(/::c /u);
    expect(await refusedBy("up", attack.options())).toMatch(/::c /u);
  });

  it("by the configuration of the provider itself", async () => {
    await attack.write((named) => {
      named("default").inputs["__provider"] = attack.code;
      named("default").outputs["__provider"] = attack.code;
    });
    expect(await refusedBy("destroy")).toMatch(/::default /u);
    await up(attack.options());
    expect(existsSync(attack.prey)).toBe(false);
  });

  it("by a property that the program ignores changes of", async () => {
    await attack.project.want({ name: "a", options: { ignoreChanges: ["__provider"] } });
    await attack.write((named) => {
      named("a").inputs["__provider"] = attack.code;
    });
    expect(await refusedBy("up")).toMatch(/::a /u);
  });

  it("by an alias that the program follows", async () => {
    await attack.project.want({ name: "renamed", options: { aliases: [{ name: "a" }] } });
    await attack.write((named) => {
      named("a").inputs["__provider"] = attack.code;
    });
    expect(await refusedBy("up")).toMatch(/::renamed /u);
    expect(await attack.project.calls()).toEqual([]);
  });

  it("by a replacement that deletes dependents which the program has not come to yet", async () => {
    await attack.project.want({ name: "a", kind: "k2", deleteFirst: true }, { name: "b", dependsOn: ["a"] });
    await attack.write((named) => {
      named("b").outputs["__provider"] = attack.code;
    });
    expect(await refusedBy("up")).toMatch(/::b /u);
    expect(await attack.project.calls()).toEqual([]);
  });

  it("by a plugin's name that leads to another file", async () => {
    const folder = join(attack.project.folder, "plugins");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "any"), `#!/bin/sh\ntouch '${attack.prey}'\n`);
    await chmod(join(folder, "any"), 0o755);
    const env = { PATH: join(folder, "nothing-here") };
    for (const name of ["x/../../any", "../any", "", "x\0"])
      expect(() => findPlugin(name, undefined, env)).toThrow(/is not the name of a package/u);
  });
});

describe("a state with a provider that cannot be started", () => {
  it.each([
    ["a name that leads to another file", "x/../../any", /BAD_PACKAGE_NAME|is not the name of a package/u],
    ["a plugin that is not there", "lost", /plugin of package "lost" was not found/u],
  ])("is refused before anything is deleted: %s", async (_what, pkg, said) => {
    await attack.project.want();
    for (const run of ["destroy", "up", "preview"]) {
      await attack.write((named, resources) => {
        const provider = structuredClone(named("default"));
        const urn = provider.urn.replace(/pulumi:providers:[^:]+/u, `pulumi:providers:${pkg}`);
        resources.push({ ...provider, urn, type: `pulumi:providers:${pkg}` });
        const { outputs: _outputs, ...c } = structuredClone(named("c"));
        const type = `${pkg}:index:Thing`;
        const cUrn = c.urn.replace(/::[^:]+:[^:]+:[^:]+::c$/u, `::${type}::strange`);
        resources.push({
          ...c,
          urn: cUrn,
          type,
          outputs: {},
          inputs: {},
          provider: `${urn}::${String(provider["id"])}`,
        });
      });
      const result = await (RUNS[run] ?? up)(attack.options({ trusted: [OWN] }));
      expect(errorsOf(result)).toMatch(said);
      expect(result.ok).toBe(false);
      expect(await attack.project.calls()).toEqual([]);
    }
  });
});

describe("what counts as provider code", () => {
  const trust = new ProviderTrust((text) => text === "known");
  trust.learn({ __provider: makeSecret("brought") });
  const check = (properties: PropertyMap, secrets: boolean): void =>
    trust.check(
      "urn",
      sent(properties, { acceptsSecrets: secrets, acceptsResources: false, previews: true }),
    );

  it.each<[string, PropertyMap]>([
    ["none", { a: "x" }],
    ["what the caller knows", { __provider: "known" }],
    ["what the program brought", { __provider: "brought" }],
    ["a secret of it", { __provider: makeSecret("known") }],
    ["what is not known yet", { __provider: UNKNOWN }],
  ])("%s passes", (_, properties) => {
    for (const secrets of [true, false]) expect(() => check(properties, secrets)).not.toThrow();
    expect(() => trust.checkAll([{ ...emptyState("urn", "t", true), outputs: properties }])).not.toThrow();
  });

  it.each<[string, PropertyMap]>([
    ["anything else", { __provider: "known " }],
    ["nothing at all", { __provider: "" }],
    ["a list", { __provider: ["known"] }],
    ["a number", { __provider: 1 }],
    [
      "a reference to a resource of that id",
      { __provider: { [SIGNATURE]: REFERENCE, urn: "urn:pulumi:s::p::t::n", id: "evil" } },
    ],
    ["a secret in a secret", { __provider: { [SIGNATURE]: SECRET, value: makeSecret("evil") } }],
  ])("%s is refused", (_, properties) => {
    for (const secrets of [true, false])
      expect(() => check(properties, secrets)).toThrow(/does not come from/u);
    expect(() => trust.checkAll([{ ...emptyState("urn", "t", true), inputs: properties }])).toThrow(
      /urn \(/u,
    );
  });

  it("is also what only the prototype of the properties holds", async () => {
    const codec = new StateCodec(await Crypter.create("x"));
    const raw: unknown = JSON.parse(
      '{"urn":"u","type":"t","custom":true,"outputs":{"__proto__":{"__provider":"evil"}}}',
    );
    expect(() => trust.checkAll([codec.decode(raw)])).toThrow(/u \(/u);
  });
});
