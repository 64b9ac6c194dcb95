import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, property, string } from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Crypter } from "../state/crypto.ts";
import { messageOf } from "../errors.ts";
import { StackConfig } from "../stack/stack-config.ts";
import { FileBackend } from "../state/backend.ts";
import { JoinedText } from "../state/joined-text.ts";
import { StateCodec } from "../state/codec.ts";
import { DependencyGraph } from "../state/graph.ts";
import { emptyState, type ResourceState } from "../state/resource.ts";
import { Snapshot } from "../state/snapshot.ts";
import { verifyResources } from "../state/verify.ts";
import { WritePace } from "../state/write-pace.ts";
import { makeSecret, UNKNOWN } from "../values.ts";

let folder: string;
let crypter: Crypter;

beforeAll(async () => {
  crypter = await Crypter.create("x");
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-state-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const urnOf = (name: string): string => `urn:pulumi:s::p::t:m:T::${name}`;
const resource = (name: string, fields: Partial<ResourceState> = {}): ResourceState => ({
  ...emptyState(urnOf(name), "t:m:T", true),
  id: name,
  ...fields,
});

describe("passphrase secrets", () => {
  it("open what the real CLI sealed", async () => {
    const cli = await Crypter.open(
      "x",
      "v1:OAw34dvZpD8=:v1:bIW5z9cIeipHCL6J:vkGm/bAqs9T+VFou7YGTqKVDQIqu2g==",
    );
    expect(cli.decrypt("v1:2PgQoVl4YMZQy7Wa:QevgwsYyfngTQiJqWyXYHcDJjcD0vQ==")).toBe("s3cr3t");
  });

  it("come back as they were, never with the same ciphertext", () => {
    const comesBack = property(string({ unit: "binary" }), (text) => {
      const [one, two] = [crypter.encrypt(text), crypter.encrypt(text)];
      return crypter.decrypt(one) === Buffer.from(text).toString() && one !== two;
    });
    expect(() => assert(comesBack)).not.toThrow();
  });

  it("do not open with another passphrase, nor when they were changed", async () => {
    await expect(Crypter.open("y", crypter.salt)).rejects.toMatchObject({ code: "WRONG_PASSPHRASE" });
    const sealed = crypter.encrypt("text");
    const changed = `${sealed.slice(0, -4)}${sealed.endsWith("AAA=") ? "BBB=" : "AAA="}`;
    expect(() => crypter.decrypt(changed)).toThrow(/cannot be decrypted/u);
  });
});

describe("a resource in the state file", () => {
  it("comes back as it was", () => {
    const state = resource("a", {
      inputs: { b: makeSecret({ z: 1, a: [null, "x"] }), a: null, list: [makeSecret("y")] },
      outputs: { n: 1.5, t: true, o: {} },
      dependencies: [urnOf("b")],
      propertyDependencies: { b: [], a: [urnOf("b")] },
      initErrors: ["why"],
      customTimeouts: { create: 90 },
      protect: true,
      created: "2026-01-01T00:00:00.000Z",
    });
    const text = new StateCodec(crypter).encode(state).toString();
    expect(text).not.toContain('secret":');
    expect(new StateCodec(crypter).decode(JSON.parse(text))).toEqual(state);
  });

  it("keeps the ciphertext of a secret that did not change", () => {
    const codec = new StateCodec(crypter);
    const text = codec.encode(resource("a", { inputs: { s: makeSecret("x") } })).toString();
    const again = new StateCodec(crypter);
    const decoded = again.decode(JSON.parse(text));
    expect(again.encode(decoded).toString()).toBe(text);
    decoded.outputs = { more: 1 };
    again.changed(decoded);
    expect(JSON.parse(again.encode(decoded).toString())).toMatchObject({
      inputs: JSON.parse(text).inputs,
      outputs: { more: 1 },
    });
  });

  it("never holds a value that is not known", () => {
    expect(() => new StateCodec(crypter).encode(resource("a", { outputs: { x: [UNKNOWN] } }))).toThrow(
      /unknown value/u,
    );
  });
});

describe("a state", () => {
  const provider = resource("p", {
    urn: "urn:pulumi:s::p::pulumi:providers:x::default",
    type: "pulumi:providers:x",
    id: "1",
  });

  it.each<[string, ResourceState[], RegExp | undefined]>([
    [
      "in order",
      [
        provider,
        resource("a", { provider: `${provider.urn}::1` }),
        resource("b", { dependencies: [urnOf("a")] }),
      ],
      undefined,
    ],
    [
      "with a dependency after it",
      [resource("b", { dependencies: [urnOf("a")] }), resource("a")],
      /refers \(dependency\)/u,
    ],
    ["without a parent", [resource("a", { parent: urnOf("x") })], /refers \(parent\)/u],
    [
      "without a property's dependency",
      [resource("a", { propertyDependencies: { k: [urnOf("x")] } })],
      /property "k"/u,
    ],
    ["without its provider", [resource("a", { provider: `${provider.urn}::2` })], /refers to the provider/u],
    [
      "with a replaced one beside the new one",
      [resource("a"), resource("a", { delete: true }), resource("a", { delete: true })],
      undefined,
    ],
    ["with one resource twice", [resource("a"), resource("a")], /in the state twice/u],
    [
      "with a component that has an id",
      [resource("a", { custom: false })],
      /has an id although it is not a custom resource/u,
    ],
  ])("%s", (_, resources, problem) => {
    const verify = (): string => {
      try {
        verifyResources(resources);
        return "consistent";
      } catch (error) {
        return messageOf(error);
      }
    };
    expect(verify()).toMatch(problem ?? /^consistent$/u);
  });
});

describe("the dependency graph", () => {
  const component = resource("c", { custom: false, id: "" });
  const child = resource("child", { parent: urnOf("c") });
  const a = resource("a");
  const b = resource("b", { propertyDependencies: { k: [urnOf("a")] } });
  const user = resource("user", { dependencies: [urnOf("c")] });
  const last = resource("last", { dependencies: [urnOf("b")] });
  const graph = new DependencyGraph([component, child, a, b, user, last]);
  const names = (found: Iterable<ResourceState>): string[] =>
    [...found].map(({ urn }) => urn.split("::").at(-1) ?? "");

  it("knows what a resource needs: its parent, and the children of a component", () => {
    expect(names(graph.dependenciesOf(child))).toEqual(["c"]);
    expect(names(graph.dependenciesOf(user)).toSorted()).toEqual(["c", "child"]);
    expect(names(graph.transitiveDependenciesOf(last)).toSorted()).toEqual(["a", "b"]);
  });

  it("knows what depends on a resource, and does not go through what is settled", () => {
    expect(names(graph.dependentsOf(a, new Set()))).toEqual(["b", "last"]);
    expect(names(graph.dependentsOf(a, new Set([urnOf("b")])))).toEqual([]);
  });
});

describe("a snapshot", () => {
  const open = async (): Promise<{ snapshot: Snapshot; backend: FileBackend }> => {
    const backend = new FileBackend(folder, "p", "s");
    await backend.prepare();
    const before = { resources: [resource("old")], pendingOperations: [], metadata: {} };
    const options = {
      backend,
      codec: new StateCodec(crypter),
      salt: crypter.salt,
      sdkVersion: "3.270.0",
      parallel: 64,
    };
    return { snapshot: new Snapshot(before, options), backend };
  };
  const onDisk = async (backend: FileBackend): Promise<string[]> =>
    ((await backend.read())?.resources ?? []).map((raw) => (raw as ResourceState).id);

  it("has a change on the disk when its promise resolves, and shares writes", async () => {
    const { snapshot, backend } = await open();
    const names = Array.from({ length: 50 }, (_, index) => `r${index}`);
    await Promise.all(
      names.map(async (name) => {
        const current = resource(name);
        await snapshot.begin("creating", current);
        const pending = (await backend.read())?.pendingOperations ?? [];
        expect(pending.map((operation) => (operation as { resource: ResourceState }).resource.id)).toContain(
          name,
        );
        await snapshot.end(current, { current });
        expect(await onDisk(backend)).toContain(name);
      }),
    );
    expect((await onDisk(backend)).toSorted()).toEqual(["old", ...names].toSorted());
    expect(snapshot.writes).toBeLessThan(names.length);
  });

  it("keeps what it cannot save beside the good state", async () => {
    const { snapshot, backend } = await open();
    const bad = resource("bad", { dependencies: [urnOf("nowhere")] });
    await expect(snapshot.end(bad, { current: bad })).rejects.toMatchObject({ code: "STATE_REJECTED" });
    expect(backend.exists()).toBe(false);
    expect(await readFile(`${backend.stateFile}.rejected`, "utf8")).toContain(urnOf("bad"));
  });

  it.each([
    { what: "one is replaced by one as long", next: ["a", "XX", "ccc"] },
    { what: "one is replaced by a longer one", next: ["a", "bbbb", "ccc"] },
    { what: "one is replaced by a shorter one", next: ["a", "b", "ccc"] },
    { what: "one enters", next: ["a", "n", "bb", "ccc"] },
    { what: "one leaves", next: ["bb", "ccc"] },
    { what: "some are added", next: ["a", "bb", "ccc", "dd"] },
    { what: "they change places", next: ["ccc", "bb", "a"] },
    { what: "they outgrow the buffer", next: ["a", "bb", "x".repeat(200_000), "ccc"] },
  ])("joins the parts of its text: $what", ({ next }) => {
    const known = new Map(["a", "bb", "ccc"].map((text) => [text, Buffer.from(text)]));
    const parts = (texts: readonly string[]) => texts.map((text) => known.get(text) ?? Buffer.from(text));
    const text = new JoinedText();
    expect(text.join(parts(["a", "bb", "ccc"])).toString()).toBe("abbccc");
    expect(text.join(parts(next)).toString()).toBe(next.join(""));
    expect(text.join(parts(["a", "bb", "ccc"])).toString()).toBe("abbccc");
  });

  it("keeps the state before the run as a backup", async () => {
    const { snapshot, backend } = await open();
    await backend.write([Buffer.from('{"resources":[]}')]);
    const next = new FileBackend(folder, "p", "s");
    await next.write([Buffer.from('{"resources":[1]}')]);
    await next.write([Buffer.from('{"resources":[1,2]}')]);
    expect(await readFile(`${next.stateFile}.bak`, "utf8")).toContain('"resources":[]');
    await snapshot.close();
  });
});

describe("the configuration of a stack", () => {
  it("is read as the CLI reads it", async () => {
    const secure = crypter.encrypt("s3cr3t");
    await writeFile(
      join(folder, "Pulumi.s.yaml"),
      `encryptionsalt: ${crypter.salt}\nconfig:\n  plain: 010\n  flag: true\n  other:name: "5"\n  p:config:old: x\n  key: { secure: "${secure}" }\n  deep:\n    z: [1, true]\n    a: { secure: "${secure}" }\n`,
    );
    const config = await StackConfig.load(folder, "p", "s");
    expect(config.values(crypter)).toEqual([
      { key: "p:plain", value: "010", secret: false },
      { key: "p:flag", value: "true", secret: false },
      { key: "other:name", value: "5", secret: false },
      { key: "p:old", value: "x", secret: false },
      { key: "p:key", value: "s3cr3t", secret: true },
      { key: "p:deep", value: '{"a":"s3cr3t","z":[1,true]}', secret: true },
    ]);
  });

  it("is changed without losing comments", async () => {
    const file = join(folder, "Pulumi.s.yaml");
    await writeFile(file, "# why\nconfig:\n  # this one\n  p:a: old # here\n");
    const config = await StackConfig.load(folder, "p", "s");
    config.set("a", "new", undefined);
    config.set("b", "hidden", crypter);
    await config.save();
    const text = await readFile(file, "utf8");
    expect(text).toMatch(/^# why\nconfig:\n {2}# this one\n {2}p:a: new # here\n {2}p:b:\n {4}secure: v1:/u);
    expect(text).not.toContain("hidden");
    expect((await StackConfig.load(folder, "p", "s")).values(crypter)).toContainEqual({
      key: "p:b",
      value: "hidden",
      secret: true,
    });
  });
});

describe("a write of the state, while a step is under way", () => {
  const joins = (pace: WritePace, times: number): void => {
    for (let time = 0; time < times; time += 1) pace.join();
  };

  it.each<[string, boolean, (pace: WritePace) => void]>([
    ["waits for it", false, (pace) => joins(pace, 1)],
    ["waits for more, of a hundred resources", false, (pace) => joins(pace, 9)],
    ["begins when enough share it", true, (pace) => joins(pace, 10)],
    ["begins when the step has joined", true, (pace) => (pace.end(), joins(pace, 1))],
    [
      "waits for what the program has said already",
      false,
      (pace) => (pace.expect(true), pace.end(), joins(pace, 1)),
    ],
    [
      "begins when that has come to nothing",
      true,
      (pace) => (pace.expect(true), pace.end(), joins(pace, 1), pace.expect(false)),
    ],
    ["begins when the run is over", true, (pace) => pace.close()],
  ])("%s", async (_, expected, happens) => {
    const pace = new WritePace(64);
    pace.begin();
    let begun = false;
    const paused = pace.pause(100, 1_000_000_000).then(() => (begun = true));
    happens(pace);
    await new Promise(setImmediate);
    expect(begun).toBe(expected);
    pace.close();
    await paused;
  });
});
