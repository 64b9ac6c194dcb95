/** PORTAL_DEPLOY=pipeline: the portal pushes, runs elsewhere deploy, and what they came to is read from the records. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Repository } from "../../portal/commits/repository.ts";
import { git } from "../../portal/commits/git.ts";
import { type RunningPortal, startPortal } from "../../portal/portal.ts";
import { readSettings } from "../../portal/settings.ts";
import { postgresIsThere } from "../cloud/postgres.ts";
import { type Database, startDatabase } from "../providers/database/server.ts";
import { form } from "./api/portal-api.ts";

/** The stack that an operator has set up, of which the fleets' are copies. */
const MODEL = `encryptionsalt: v1:of-the-operator
config:
  masumi:network: Preprod
  masumi:owner: example
  masumi:paymentServiceUrl: https://payment.example.com/api/v1
  masumi:modelApi: https://model.example.com/v1
  masumi:modelName: some-model
  masumi:hosting: shared
  masumi:shared: { on: ecs-alb, keep: true }
  masumi:documents: { bucket: example-documents, region: eu-central-1 }
  masumi:wallets: [{ vkey: "fa12fbf555d966f84801c66b8e9704b2ea3d81a93d89059bd98d7e32", type: V2 }]
`;

describe.skipIf(!postgresIsThere)("a portal that only pushes", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "masumi-portal-pipeline-"));
  const remote = join(folder, "remote.git");
  /** Somebody else's clone: the operator's, and what a pipeline checks out. */
  const others = new Repository(join(folder, "others.git"), remote);
  let database: Database;
  let portal: RunningPortal;
  let token: string | undefined;

  beforeAll(async () => {
    await git(folder, ["init", "--quiet", "--bare", "--initial-branch=main", remote]);
    await others.open();
    await push({ "Pulumi.preprod-customers.yaml": MODEL });
    database = await startDatabase();
    portal = await start("portal", "example-documents");
    const signedIn = await send("POST", "/sign-in", JSON.stringify({ email: "ann@example.com" }));
    ({ token } = (await signedIn.json()) as { token: string });
  }, 120_000);

  afterAll(async () => {
    await portal.close();
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (name: string, bucket: string) =>
    startPortal({
      settings: readSettings({
        PORTAL_FOLDER: join(folder, name),
        PORTAL_PORT: "0",
        PORTAL_STACKS: "preprod",
        PORTAL_REPOSITORY: remote,
        PORTAL_DEPLOY: "pipeline",
        PORTAL_BILLING: "none",
        PORTAL_BATCH_MS: "100",
        PORTAL_FLEET_SIZE: "1",
        PORTAL_DOCUMENTS: JSON.stringify({ bucket, region: "eu-central-1" }),
        DATABASE_URL: database.url,
      }),
      env: process.env,
      say: () => undefined,
    });

  async function push(files: Readonly<Record<string, string>>): Promise<void> {
    await others.update();
    const changes = Object.entries(files).map(([path, text]) => ({ path, text }));
    await others.commit({ subject: "Set up", changes, authors: [], requests: [] });
  }

  const send = (method: string, path: string, body?: string | FormData) =>
    fetch(`${portal.url}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(typeof body === "string" ? { "Content-Type": "application/json" } : {}),
      },
      ...(body === undefined ? {} : { body }),
    });

  const stateOf = async (id: string) =>
    ((await (await send("GET", `/agents/${id}`)).json()) as { state: string }).state;

  /** A file as the remote has it. */
  async function pushed(path: string): Promise<string | undefined> {
    await others.update();
    const head = await others.head();
    return head === undefined ? undefined : others.file(head, path);
  }

  /** What a run elsewhere writes down. */
  const record = (id: string, state: string, declared: string | null) =>
    database.run(
      database.url,
      `INSERT INTO agents (id, network, name, api_url, state, masumi_id, declared, owner, stack)
       VALUES ('${id}', 'Preprod', 'A', 'https://crews.example.com/${id}', '${state}', 'masumi-1', ${declared === null ? "NULL" : `'${declared}'`}, 'o', 'preprod-customers-01')
       ON CONFLICT (id, network) DO UPDATE SET state = excluded.state, declared = excluded.declared`,
    );

  const until = (isSo: () => Promise<boolean>) => vi.waitUntil(isSo, { timeout: 60_000, interval: 200 });
  const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

  it("does not start where it would keep documents elsewhere than its fleets look for them", async () => {
    await expect(start("elsewhere", "other-documents")).rejects.toMatchObject({
      code: "PORTAL_DOCUMENTS_ELSEWHERE",
    });
  });

  it("pushes a declaration and its fleet's stack, and follows it until it is registered and gone", async () => {
    const fields = new FormData();
    for (const [name, value] of Object.entries(form("First"))) fields.set(name, value);
    const created = await send("POST", "/agent", fields);
    expect(created.status).toBe(202);
    const { agentId } = (await created.json()) as { agentId: string };
    const path = `agents/customers-01/${agentId}.yaml`;
    await until(async () => (await pushed(path)) !== undefined);
    const stack = (await pushed("Pulumi.preprod-customers-01.yaml")) ?? "";
    expect(stack).toContain("encryptionsalt: v1:of-the-operator");
    expect(stack).toContain("masumi:agents: agents/customers-01");
    expect(stack).toContain("masumi:owner: example-customers-01");
    expect(stack, "the model's crew service is theirs, too").toContain(
      "on: ecs-alb\n    of: preprod-customers",
    );
    await until(async () => (await stateOf(agentId)) === "declared");

    const text = (await pushed(path)) ?? "";
    await record(agentId, "starting", null);
    await until(async () => (await stateOf(agentId)) === "starting");
    await record(agentId, "registered", digestOf(text));
    await until(async () => (await stateOf(agentId)) === "registered");

    const change = new FormData();
    change.set("bio", "We sell bikes and boats.");
    expect((await send("PATCH", `/agents/${agentId}`, change)).status).toBe(202);
    await until(async () => (await pushed(path))?.includes("boats") === true);
    expect(await stateOf(agentId), "the run of before is not of the change").toBe("updating");
    await record(agentId, "registered", digestOf((await pushed(path)) ?? ""));
    await until(async () => (await stateOf(agentId)) === "registered");

    expect((await send("DELETE", `/agents/${agentId}`)).status).toBe(202);
    await until(async () => (await pushed(path)) === undefined);
    expect(await stateOf(agentId)).toBe("leaving");
    await record(agentId, "deregistered", null);
    await until(async () => (await stateOf(agentId)) === "deregistered");
  });

  it("does not start either where fleets that it has look for documents elsewhere, and names all of them", async () => {
    const [model, fleet] = ["Pulumi.preprod-customers.yaml", "Pulumi.preprod-customers-01.yaml"];
    const settings = (await pushed(fleet)) ?? "";
    await push({ [fleet]: settings.replace("example-documents", "former-documents") });
    const refusal = (bucket: string) =>
      start("again", bucket).then(
        () => "it starts",
        (error: Error) => error.message,
      );
    const said = await refusal("example-documents");
    expect(said).toMatch(/^PORTAL_DOCUMENTS_ELSEWHERE: .*of preprod-customers-01 is .*former-documents/);
    expect(said).toContain(`have ${fleet} say the same`);
    expect(await refusal("other-documents")).toContain(`have ${model}, ${fleet} say the same`);
  });
});
