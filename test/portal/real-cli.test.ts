/** Fleets on the real Pulumi CLI, where there is one on PATH: the portal makes their stacks, runs them and follows what happens. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startSandbox } from "../../local/sandbox/index.ts";
import { git } from "../../portal/commits/git.ts";
import { Repository } from "../../portal/commits/repository.ts";
import { type RunningPortal, startPortal } from "../../portal/portal.ts";
import { readSettings } from "../../portal/settings.ts";
import { findPulumiCli } from "../../stacks/pulumi/pulumi-cli.ts";
import { crewEnvironment, stopCrews } from "../helpers/project.ts";
import { form } from "./api/portal-api.ts";

const cli = findPulumiCli(process.env);
const run = promisify(execFile);
const FIRST_WALLET = "fa12fbf555d966f84801c66b8e9704b2ea3d81a93d89059bd98d7e32";

describe.skipIf(!cli)("fleets on the real Pulumi CLI", { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "masumi-portal-real-"));
  const env = {
    ...process.env,
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "of the operator",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const remote = join(folder, "remote.git");
  const others = new Repository(join(folder, "others.git"), remote);
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;
  let portal: RunningPortal;
  let token: string | undefined;

  beforeAll(async () => {
    await crewEnvironment();
    mkdirSync(join(folder, "state"));
    sandbox = await startSandbox({ chainSpeed: "instant" });
    await git(folder, ["init", "--quiet", "--bare", "--initial-branch=main", remote]);
    await others.open();
    await push({ "Pulumi.test-customers.yaml": await modelStack() });
    portal = await startPortal({
      settings: readSettings({
        PORTAL_FOLDER: join(folder, "portal"),
        PORTAL_PORT: "0",
        PORTAL_STACKS: "test",
        PORTAL_REPOSITORY: remote,
        PORTAL_BILLING: "none",
        PORTAL_BATCH_MS: "100",
        PORTAL_FETCH_SECONDS: "1",
      }),
      env,
      say: () => undefined,
    });
    const signedIn = await send("POST", "/sign-in", JSON.stringify({ email: "ann@example.com" }));
    ({ token } = (await signedIn.json()) as { token: string });
  }, 300_000);

  afterAll(async () => {
    await portal.close();
    await stopCrews(join(folder, "portal/projects/customers-01"));
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  /** The stack that an operator sets up with the CLI; secrets are encrypted with the operator's passphrase. */
  async function modelStack(): Promise<string> {
    const project = join(folder, "operator");
    mkdirSync(project);
    writeFileSync(join(project, "Pulumi.yaml"), "name: masumi-agents\nruntime: nodejs\n");
    const pulumi = (...words: string[]) => run(cli?.file ?? "", words, { cwd: project, env });
    await pulumi("stack", "init", "test-customers", "--no-select");
    for (const [key, value] of Object.entries({
      network: "Preprod",
      paymentServiceUrl: `${sandbox.url}/api/v1`,
      modelApi: `${sandbox.url}/model/v1`,
      modelName: "stub",
      owner: "example",
      hosting: "shared",
      allowPrivateUrls: "true",
      "shared.on": "process",
      "documents.folder": join(folder, "portal/documents"),
      "wallets[0].vkey": FIRST_WALLET,
      "wallets[0].type": "V2",
    }))
      await pulumi("config", "set", "--stack", "test-customers", "--path", `masumi:${key}`, value);
    for (const [key, value] of Object.entries({
      apiKey: "sandbox-pay-key",
      runtimeKey: "sandbox-runtime-key",
      modelKey: "sandbox-model-key",
    }))
      await pulumi("config", "set", "--stack", "test-customers", "--secret", `masumi:${key}`, value);
    return readFileSync(join(project, "Pulumi.test-customers.yaml"), "utf8");
  }

  async function push(files: Readonly<Record<string, string>>): Promise<void> {
    await others.update();
    const changes = Object.entries(files).map(([path, text]) => ({ path, text }));
    await others.commit({ subject: "Change by the operator", changes, authors: [], requests: [] });
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

  interface Seen {
    readonly state: string;
    readonly masumiId: string | null;
    readonly url: string | null;
    readonly timeline: readonly { readonly step: string }[];
  }
  const agent = async (id: string) => (await (await send("GET", `/agents/${id}`)).json()) as Seen;
  const until = (id: string, state: string) =>
    vi.waitUntil(async () => (await agent(id)).state === state, { timeout: 240_000, interval: 500 });

  it("are made, registered, changed by their customers and by the operator, and left", async () => {
    const fields = new FormData();
    for (const [name, value] of Object.entries(form("First"))) fields.set(name, value);
    const { agentId } = (await (await send("POST", "/agent", fields)).json()) as { agentId: string };
    await until(agentId, "registered");
    const created = await agent(agentId);
    expect(created.timeline.map(({ step }) => step)).toEqual(
      expect.arrayContaining(["accepted", "declared", "running", "requested", "registered"]),
    );
    expect((await fetch(`${created.url}/availability`)).status).toBe(200);

    const change = new FormData();
    change.set("name", "Second");
    expect((await send("PATCH", `/agents/${agentId}`, change)).status).toBe(202);
    await until(agentId, "registered");
    expect((await agent(agentId)).masumiId, "an update on the chain").not.toBe(created.masumiId);

    await others.update();
    const path = "Pulumi.test-customers-01.yaml";
    const settings = (await others.file((await others.head()) ?? "", path)) ?? "";
    await push({ [path]: settings.replace("masumi:modelName: stub", "masumi:modelName: another-stub") });
    const served = join(folder, "portal/projects/customers-01", path);
    await vi.waitUntil(() => readFileSync(served, "utf8").includes("another-stub"), { timeout: 120_000 });

    expect((await send("DELETE", `/agents/${agentId}`)).status).toBe(202);
    await until(agentId, "deregistered");
  });
});
