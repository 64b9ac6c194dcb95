/** An agent's files in a folder of this machine and in a bucket: the same, wherever the service reads them. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Place } from "../../../providers/shared-crew/store/agent-store.ts";
import { openStore } from "../../../providers/shared-crew/store/open.ts";
import { LocalS3 } from "../../helpers/s3.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const BUCKET = "example-agents";
const file = (path: string, content: string) => ({ path, content: Buffer.from(content) });

let projectRoot: string;
let s3: LocalS3;

beforeAll(async () => {
  projectRoot = mkdtempSync(join(tmpdir(), "masumi-stores-"));
  // What runs here is this project's own program.
  writeFileSync(join(projectRoot, "Pulumi.yaml"), `name: stores\nmain: ${process.cwd()}\n`);
  vi.stubEnv("MASUMI_DOCUMENTS_KEY", "test:test");
  s3 = await LocalS3.start();
  await s3.client.createBucket({ Bucket: BUCKET });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3[Symbol.asyncDispose]();
  rmSync(projectRoot, { recursive: true });
});

const PLACES: Readonly<Record<string, (bucket?: string) => Place>> = {
  "a folder": () => ({ kind: "folder", projectRoot }),
  "a bucket": (bucket = BUCKET) => ({
    kind: "bucket",
    bucket: { bucket, region: "us-east-1", endpoint: s3.endpoint },
    prefix: "project/stack/_shared",
  }),
};

describe.each(Object.keys(PLACES))("an agent's files in %s", (kind) => {
  const placeOf = (bucket?: string) => PLACES[kind]?.(bucket) as Place;
  const store = (id = "writer") => openStore(placeOf(), id);

  it("are written, replaced, and read again", async () => {
    expect(await store().read("crew.json")).toBeUndefined();
    await store().write([file("documents/a/b.md", "b"), file("crew.json", "1")]);
    await store().write([file("crew.json", "2")]);
    expect(String(await store().read("documents/a/b.md"))).toBe("b");
    expect(String(await store().read("crew.json"))).toBe("2");
    expect(await store("other").read("crew.json")).toBeUndefined();
  });

  it("are removed one by one, or all together, and no other agent's", async () => {
    await store("other").write([file("crew.json", "other")]);
    await store().write([file("crew.json", "1"), file("secrets.json", "{}"), file("code/x.py", "")]);
    await store().remove(["code/x.py", "code/none.py"]);
    expect(await store().read("code/x.py")).toBeUndefined();
    for (const _again of [1, 2]) {
      await store().removeAgent(["secrets.json"]);
      for (const path of ["crew.json", "secrets.json"]) expect(await store().read(path)).toBeUndefined();
    }
    expect(String(await store("other").read("crew.json"))).toBe("other");
  });

  it.each(["../x", "/x", "a/../../x", ".", ""])("never lead elsewhere: %s", async (path) => {
    for (const use of [store().write([file(path, "")]), store().remove([path]), store().read(path)]) {
      await expect(use).rejects.toMatchObject({ code: "SHARED_AGENT_ELSEWHERE" });
    }
  });
});

it("files in a folder are for this user alone, and no other clone's are touched", async () => {
  await openStore({ kind: "folder", projectRoot }, "mine").write([file("secrets.json", "{}")]);
  const folder = join(projectRoot, ".masumi/crews/_shared/agents/mine");
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, "secrets.json")).mode & 0o777).toBe(0o600);

  writeFileSync(join(projectRoot, "Pulumi.yaml"), "name: stores\nmain: elsewhere\n");
  const another = openStore({ kind: "folder", projectRoot }, "mine");
  await expect(another.write([file("crew.json", "")])).rejects.toMatchObject({
    code: "SHARED_AGENT_ELSEWHERE",
  });
  await another.removeAgent([]);
  expect(existsSync(join(folder, "secrets.json"))).toBe(true);
});

it("a bucket that is gone has no files, takes none, and says so", async () => {
  const gone = openStore(PLACES["a bucket"]?.("no-such-bucket") as Place, "writer");
  expect(await gone.read("crew.json")).toBeUndefined();
  await gone.removeAgent(["secrets.json"]);
  await expect(gone.write([file("crew.json", "")])).rejects.toMatchObject({ code: "DOCUMENTS_REFUSED" });
});

it.each(["_shared", "../x", "A", ""])("there is no agent called %j", (id) => {
  expect(() => openStore({ kind: "folder", projectRoot }, id)).toThrow(/is no agent's id/);
});
