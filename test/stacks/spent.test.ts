import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Project, type SpentFilter, openProject, readSpending as read } from "../../stacks/index.ts";
import { answering, numbered } from "../providers/masumi/agent.ts";
import { V1, V2, confirmationOf } from "../providers/masumi/inputs.ts";
import { startRun } from "../providers/masumi/run.ts";
import { type Service, startService } from "../providers/masumi/service.ts";
import { repository } from "../helpers/project.ts";
import { LocalS3 } from "../helpers/s3.ts";

const root = mkdtempSync(join(tmpdir(), "masumi-spent-"));
const ledger = join(root, ".masumi/ledger.jsonl");
let service: Service;
let project: Project;

beforeAll(async () => {
  cpSync(join(repository, "Pulumi.yaml"), join(root, "Pulumi.yaml"));
  mkdirSync(join(root, ".masumi"));
  project = openProject(root);
  service = await startService({ chainSpeed: 60 });
});
afterAll(async () => {
  rmSync(root, { recursive: true });
  await service[Symbol.asyncDispose]();
});

const readSpending = (of: Project, filter: SpentFilter) => read(of, filter, { env: {} });
const run = () => startRun(service.url, { projectFolder: root });
const named = (id: string) => ({ resourceUrn: `urn:pulumi:test::masumi::confirmation::${id}` });

interface WalletState {
  readonly vkey: string;
  readonly balanceLovelace: number;
  readonly lockedLovelace: number;
  readonly spentFeesLovelace: number;
}

/** What both wallets together have paid in fees, and what is locked with their tokens. */
async function paid(): Promise<{ fees: number; locked: number }> {
  const answer = await fetch(new URL("/sandbox/wallets", service.url));
  const wallets = (await answer.json()) as WalletState[];
  const ours = wallets.filter(({ vkey }) => vkey === V1.vkey || vkey === V2.vkey);
  return {
    fees: ours.reduce((sum, { spentFeesLovelace }) => sum + spentFeesLovelace, 0),
    locked: ours.reduce((sum, { lockedLovelace }) => sum + lockedLovelace, 0),
  };
}

it("sums to what the wallets spent: a batch that shares its fee, an update, a V1 agent, burns", async () => {
  expect(await paid()).toEqual({ fees: 0, locked: 0 });
  const first = run();
  const batch = [0, 1, 2].map((index) => numbered(index));
  const all = [...batch, answering({ agentId: "old", wallet: V1, listing: { name: "Old" } })];
  const made = await Promise.all(
    all.map(async (inputs) => {
      const { id, outs } = await first.create(inputs);
      await first.confirm(confirmationOf(id, inputs, { ...named(inputs.agentId), waitMinutes: 2 }));
      return { id, outs, inputs };
    }),
  );
  const [changed] = made;
  if (!changed) throw new Error("nothing was made");
  const inputs = numbered(0, { listing: { description: "Changed." } });
  const second = run();
  const outs = await second.update(changed.id, changed.outs, inputs);
  await second.confirm(confirmationOf(changed.id, inputs, { ...named("agent-0"), revision: "2" }));
  await run().remove(changed.id, outs);

  const spent = await readSpending(project, { stack: "test" });
  expect(spent.total).toMatchObject({ registrations: 4, updates: 1, burns: 1 });
  const { fees, locked } = await paid();
  expect(Number(spent.total.feeLovelace)).toBe(fees);
  expect(fees, "mints shared a transaction").toBeLessThan(3 * 422_653 + 398_057 + 428_725 + 353_617);
  expect(Number(spent.total.lockedLovelace) - Number(spent.total.freedLovelace)).toBe(locked);
  expect(spent).toMatchObject({ open: [], elsewhere: 0 });
  const sum = (key: "feeLovelace" | "lockedLovelace") =>
    spent.rows.reduce((total, row) => total + BigInt(row[key]), 0n);
  expect(String(sum("feeLovelace"))).toBe(spent.total.feeLovelace);

  const month = new Date().toISOString().slice(0, 7);
  const one = await readSpending(project, { stack: "org/project/test", month, agent: "agent-0" });
  expect(one.rows.map(({ agent }) => agent)).toEqual(["agent-0"]);
  expect(one.total).toMatchObject({ registrations: 1, updates: 1, burns: 1 });
  expect((await readSpending(project, { stack: "test", month: "2020-01" })).rows).toEqual([]);
  expect((await readSpending(project, { stack: "other" })).rows).toEqual([]);
}, 120_000);

it("names requests of unknown outcome, and leaves out what it does not understand", async () => {
  const kept = ledger;
  writeFileSync(kept, "");
  await service.fault({ route: "POST /registry", kind: "lost-before-write" });
  const lost = answering({ agentId: "lost", settleSeconds: 0, listing: { name: "Lost" } });
  await expect(run().create(lost)).rejects.toThrow("REGISTRATION_UNCLEAR");
  appendFileSync(kept, '{"version":9}\nnonsense\n');
  const { open, skipped, total } = await readSpending(project, { stack: "test" });
  expect(open).toMatchObject([{ agent: "lost", kind: "register" }]);
  expect(skipped).toEqual({ otherVersions: { 9: 1 }, unreadable: 1 });
  expect(total.registrations).toBe(0);
  await expect(readSpending(project, { stack: "test", month: "November" })).rejects.toThrow(/like 2026-11/);
});

it("sums the lines of all machines where the stack has a bucket for them, each once", async () => {
  await using s3 = await LocalS3.start();
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  await s3.client.createBucket({ Bucket: "example-ledger" });
  const ledger = { bucket: "example-ledger", endpoint: s3.endpoint, region: "us-east-1" };
  writeFileSync(join(root, "Pulumi.test.yaml"), JSON.stringify({ config: { "masumi:ledger": ledger } }));
  const project = openProject(root);
  writeFileSync(join(root, ".masumi/ledger.jsonl"), "");
  const elsewhere = mkdtempSync(join(tmpdir(), "masumi-spent-"));
  const config = { "masumi:ledger": JSON.stringify(ledger) };
  const urn = (index: number) => `urn:pulumi:test::masumi-agents::masumi:AgentRegistration::agent-${index}`;
  const register = async (index: number, projectFolder: string) => {
    const inputs = { ...numbered(index), resourceUrn: urn(index) };
    const { id } = await startRun(service.url, { projectFolder, config }).create(inputs);
    const confirmation = confirmationOf(id, inputs, { resourceUrn: urn(index), waitMinutes: 2 });
    await startRun(service.url, { projectFolder, config }).confirm(confirmation);
  };
  await register(7, root);
  await register(8, elsewhere);
  s3.faults.push(...Array<number>(20).fill(403));
  await register(9, root);
  s3.faults.length = 0;

  const spent = await readSpending(project, { stack: "org/masumi-agents/test" });
  expect(spent.rows.map(({ agent, registrations }) => [agent, registrations])).toEqual([
    ["agent-7", 1],
    ["agent-8", 1],
    ["agent-9", 1],
  ]);
  expect(spent).toMatchObject({ bucket: `${s3.endpoint}/example-ledger/masumi-agents/test`, unsent: 3 });

  s3.faults.push(...Array<number>(20).fill(403));
  await expect(readSpending(project, { stack: "test" })).rejects.toThrow(/cannot be read .*doctor checks it/);
  rmSync(elsewhere, { recursive: true });
  vi.unstubAllEnvs();
}, 120_000);
