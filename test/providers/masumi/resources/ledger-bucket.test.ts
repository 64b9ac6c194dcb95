import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { LedgerBucket, LedgerCopy, parseLedger } from "../../../../providers/masumi/service/ledger/index.ts";
import { LocalS3 } from "../../../helpers/s3.ts";
import { numbered, posts } from "../agent.ts";
import { confirmationOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { startEngine } from "../servers.ts";
import { type Service, startService } from "../service.ts";

const BUCKET = "example-ledger";
const FOLDER = "audit/masumi/test";
let s3: LocalS3;
let service: Service;

beforeAll(async () => {
  s3 = await LocalS3.start();
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
}, 120_000);
beforeEach(async () => {
  service = await startService();
  await s3.client.createBucket({ Bucket: BUCKET });
});
afterEach(async () => {
  s3.silentFor = undefined;
  s3.faults.length = 0;
  for (const Key of await s3.keys(BUCKET)) await s3.client.deleteObject({ Bucket: BUCKET, Key });
  await service[Symbol.asyncDispose]();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3[Symbol.asyncDispose]();
});

/** A clone of the project, on a machine of its own. */
function machine() {
  const projectFolder = mkdtempSync(join(tmpdir(), "masumi-ledger-"));
  const file = (name: string) => readFileSync(join(projectFolder, ".masumi", name), "utf8");
  return {
    projectFolder,
    file,
    ids: () => parseLedger(file("ledger.jsonl")).entries.map(({ id }) => id),
    [Symbol.dispose]: () => rmSync(projectFolder, { recursive: true, force: true }),
  };
}

const config = (bucket = BUCKET) => ({
  "masumi:ledger": JSON.stringify({ bucket, prefix: "audit", endpoint: s3.endpoint }),
  "aws:region": "us-east-1",
});
const run = (projectFolder: string) => startRun(service.url, { projectFolder, config: config() });
const urn = (index: number) => `urn:pulumi:test::masumi::confirmation::agent-${index}`;
const inputs = (index: number) => ({ ...numbered(index), resourceUrn: urn(index) });
const bucket = () =>
  new LedgerBucket({ bucket: BUCKET, region: "us-east-1", endpoint: s3.endpoint, folder: FOLDER });

async function stored() {
  const keys = (await s3.keys(BUCKET)).filter((key) => key.endsWith(".json"));
  return { keys, ...(await bucket().read()) };
}

it("has an object for each line, in the order of time", async () => {
  using here = machine();
  const { id } = await run(here.projectFolder).create(inputs(0));
  await run(here.projectFolder).confirm(confirmationOf(id, inputs(0), { resourceUrn: urn(0) }));
  const { keys, entries, unreadable } = await stored();
  expect(entries.map(({ event }) => event)).toEqual(["sent", "answered", "confirmed"]);
  expect(entries).toEqual(parseLedger(here.file("ledger.jsonl")).entries);
  expect(keys).toEqual(keys.toSorted());
  expect(keys[0]).toMatch(/^audit\/masumi\/test\/\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-[0-9a-f-]{36}\.json$/);
  expect(unreadable).toBe(0);
});

it("has the line of a request before the service has the request", async () => {
  using here = machine();
  await service.fault({ route: "POST /registry", kind: "hang-after-write" });
  const hanging = startRun(service.url, {
    projectFolder: here.projectFolder,
    config: config(),
    timeoutMs: 2_000,
  }).create({ ...inputs(0), settleSeconds: 0 });
  hanging.catch(() => undefined);
  await vi.waitFor(async () => expect(await posts(service)).toBe(1), { timeout: 30_000 });
  expect((await stored()).entries.map(({ event }) => event)).toEqual(["sent"]);
  await hanging.catch(() => undefined);
});

it("has all lines of two machines, each once", async () => {
  using one = machine();
  using other = machine();
  await Promise.all(
    [0, 1, 2, 3].map((index) =>
      run(index % 2 === 0 ? one.projectFolder : other.projectFolder).create(inputs(index)),
    ),
  );
  const { entries } = await stored();
  expect(entries.map(({ id }) => id).toSorted()).toEqual([...one.ids(), ...other.ids()].toSorted());
  expect(entries).toHaveLength(8);
});

it("gets from the next run what a run that was killed after its request could not send", async () => {
  using here = machine();
  let puts = 0;
  // The first line is before the request; with the second one, the run dies.
  s3.silentFor = ({ method }) => method === "PUT" && ++puts > 1;
  const dying = run(here.projectFolder).create(inputs(0));
  dying.catch(() => undefined);
  await vi.waitFor(() => expect(puts).toBe(2), { timeout: 30_000 });
  expect(here.ids()).toHaveLength(2);
  expect((await stored()).entries).toHaveLength(1);

  s3.silentFor = undefined;
  await run(here.projectFolder).create(inputs(1));
  expect((await stored()).entries.map(({ id }) => id).toSorted()).toEqual(here.ids().toSorted());
  await dying;
});

it("takes a line once that was sent, though the run died before it noted that", async () => {
  using here = machine();
  await run(here.projectFolder).create(inputs(0));
  const before = await stored();
  rmSync(join(here.projectFolder, ".masumi/ledger-sent"));
  await new LedgerCopy({
    projectFolder: here.projectFolder,
    bucket: bucket(),
    stack: "test",
  }).sendKept();
  expect(await stored()).toEqual(before);
  expect(here.file("ledger-sent").trim().split("\n")).toHaveLength(2);
});

it("gets the lines of its own stack alone", async () => {
  using here = machine();
  await run(here.projectFolder).create({ ...inputs(0), resourceUrn: urn(0).replace(":test:", ":other:") });
  await run(here.projectFolder).create(inputs(1));
  expect((await stored()).entries.map(({ agent }) => agent)).toEqual(["agent-1", "agent-1"]);
});

it("that cannot be written stops nothing, loses no line, and is warned of once", async () => {
  using here = machine();
  await using engine = await startEngine();
  const options = { projectFolder: here.projectFolder, config: config("no-such-bucket"), engine };
  const refused = startRun(service.url, options);
  await refused.create(inputs(0));
  await refused.create(inputs(1));
  expect(await posts(service)).toBe(2);
  expect(here.ids()).toHaveLength(4);
  const warnings = engine.messages.filter(({ message }) => message.includes("no-such-bucket"));
  expect(warnings).toMatchObject([{ urn: urn(0), severity: 2 }]);
  expect(warnings[0]?.message).toMatch(
    /no-such-bucket\/audit\/masumi\/test cannot be written \(NoSuchBucket: .*ledger\.jsonl alone: keep that file/,
  );
  await run(here.projectFolder).create(inputs(2));
  expect((await stored()).entries).toHaveLength(6);
});

it("that is asked for nothing but lines is left alone by what else lies there", async () => {
  await bucket().assertWritable();
  await bucket().assertWritable();
  await s3.client.putObject({ Bucket: BUCKET, Key: `${FOLDER}/nonsense.json`, Body: "nonsense" });
  expect(await bucket().read()).toEqual({ entries: [], otherVersions: new Map(), unreadable: 1 });
});
