import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { MasumiAgent } from "../../../infra/masumi-agent.ts";
import { loadPublishers } from "../../../infra/deploy/catalogues/publish.ts";
import { readStackConfig } from "../../../infra/config.ts";
import { type Agent, loadValidAgents } from "../../../infra/declarations/index.ts";
import { loadHostings } from "../../../infra/deploy/index.ts";
import { type RegisteredUrls, hostingRefusals } from "../../../infra/fleet/index.ts";
import { V2 } from "../../providers/masumi/inputs.ts";

export const FIXTURES = join(import.meta.dirname, "../../fixtures/hosting");

export const KEYS = {
  apiKey: "sentinel-provisioning-key",
  modelKey: "sentinel-model-key",
  runtimeKey: "sentinel-runtime-key",
  databaseUrl: "postgresql://crews:sentinel-password@db.example.com/crews?sslmode=verify-full",
};

/** A project of its own for one test: a runtime of a few bytes, and the agents of a case. */
export function projectOf(name: string): string {
  const root = mkdtempSync(join(tmpdir(), "masumi-hosting-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  cpSync(join(FIXTURES, "_project"), root, { recursive: true });
  cpSync(join(FIXTURES, name), root, { recursive: true });
  return root;
}

/** The stack's configuration as stack.json of a case has it. */
export function configOf(projectRoot: string, changes: Record<string, unknown> = {}, stack = "preprod") {
  const file = join(projectRoot, "stack.json");
  const own = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : {};
  const settings = {
    network: "Preprod",
    paymentServiceUrl: "https://payment.example.com/api/v1",
    owner: "example-gmbh",
    wallets: [V2],
    modelApi: "https://models.example.com/v1",
    ...KEYS,
    ...own,
    ...changes,
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const values = given.map(([key, value]) => [
    `masumi:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return readStackConfig({
    stack,
    values: Object.fromEntries([...values, ["aws:region", "eu-central-1"]]),
    env: {},
  });
}

/** What infra/index.ts does, without the payment service: every agent hosted, registered, confirmed and told so. */
export async function deploy(
  projectRoot: string,
  { stack = "preprod", registered = new Map() }: { stack?: string; registered?: RegisteredUrls } = {},
): Promise<MasumiAgent[]> {
  const config = configOf(projectRoot, {}, stack);
  const agents: Agent[] = loadValidAgents({
    ...config,
    projectRoot,
    folder: join(projectRoot, "agents"),
  });
  expect(hostingRefusals(config, agents)).toEqual([]);
  const hostingOf = await loadHostings({ config, projectRoot, agents, registered });
  const publish = await loadPublishers(config.catalogues);
  return agents.map(
    (agent) =>
      new MasumiAgent({
        agent,
        config,
        projectRoot,
        wallet: V2,
        hosting: hostingOf(agent),
        publish,
        action: "create",
        fields: [],
        changes: [],
        spare: [],
        removals: [],
        url: "",
        cost: { feeLovelace: 0n, lockedLovelace: 0n } as never,
      }),
  );
}
