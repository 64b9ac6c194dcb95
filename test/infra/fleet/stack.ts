import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStackConfig } from "../../../infra/config.ts";
import { whatRuns } from "../../../infra/crews/what-runs.ts";
import { type Agent, HOSTINGS, loadValidAgents } from "../../../infra/declarations/index.ts";
import {
  type Examination,
  type ExamineOptions,
  examineFleet,
  listingOf,
} from "../../../infra/fleet/index.ts";
import { toRegisterBody } from "../../../providers/masumi/service/client/convert.ts";
import { MasumiClient, type Row, marker } from "../../../providers/masumi/service/index.ts";
import { repository } from "../../helpers/project.ts";
import { V1, V2, V2_SOURCE } from "../../providers/masumi/inputs.ts";

export const OWNER = "example-gmbh";

/** A stack's configuration for a service on this machine; settings as in its file. */
export const configOf = (url: string, settings: Record<string, unknown> = {}) =>
  readStackConfig({
    stack: "test",
    values: Object.fromEntries(
      Object.entries({
        network: "Preprod",
        paymentServiceUrl: url,
        owner: OWNER,
        wallets: [V2, V1],
        modelApi: "http://127.0.0.1:1/v1",
        ...settings,
      }).map(([key, value]) => [`masumi:${key}`, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
    env: { MASUMI_API_KEY: "sandbox-pay-key" },
  });

/** An agent's file: a plain agent on V2 that runs elsewhere, with what differs. */
export const agentYaml = (id: string, fields: Record<string, unknown>) =>
  JSON.stringify({
    name: `Agent ${id}`,
    description: "Answers from elsewhere.",
    capability: { name: "answering", version: "1.0.0" },
    tags: ["answers"],
    author: { name: "Example GmbH" },
    pricing: { fixed: ["3 ADA"] },
    url: `https://agents.example.com/${id}`,
    ...fields,
  });

/** Agents as their files declare them: id -> what differs from a plain one on V2. */
export function declare(agents: Record<string, Record<string, unknown>>): Agent[] {
  const projectRoot = mkdtempSync(join(tmpdir(), "masumi-fleet-"));
  try {
    const folder = join(projectRoot, "agents");
    mkdirSync(folder);
    for (const [id, fields] of Object.entries(agents))
      writeFileSync(join(folder, `${id}.yaml`), agentYaml(id, fields));
    const place = { folder, projectRoot, stack: "test", network: "Preprod", hosting: "process" } as const;
    return loadValidAgents({ ...place, hostings: HOSTINGS, policy: { reservedIds: [] } });
  } finally {
    rmSync(projectRoot, { recursive: true });
  }
}

const urlOf = ({ source }: Agent) => (source.kind === "url" ? source.url : undefined);

/** Registers an agent as the provider would. */
export async function register(url: string, agent: Agent, owner = OWNER): Promise<Row> {
  const client = new MasumiClient({ url, token: "sandbox-pay-key" });
  const wallet = agent.paymentType === "V1" ? V1 : V2;
  return client.register(
    toRegisterBody({
      network: "Preprod",
      wallet,
      marker: marker(owner, agent.id),
      listing: { ...listingOf(agent), apiBaseUrl: urlOf(agent) ?? "" },
      ...(wallet === V2 ? { sourceAddress: V2_SOURCE } : {}),
    }),
  );
}

/** What a run would meet, with the wallets of the sandbox's default world. */
export async function examine(
  url: string,
  agents: readonly Agent[],
  {
    settings,
    key = "sandbox-pay-key",
    ...options
  }: Partial<ExamineOptions> & {
    settings?: Record<string, unknown>;
    key?: string;
  } = {},
): Promise<Examination> {
  const client = new MasumiClient({ url, token: key, timeoutMs: 30_000 });
  const config = configOf(url, settings);
  const runsOf = whatRuns({ config, projectRoot: repository });
  return examineFleet(client, { config, agents, urlOf, runsOf, spends: true, ...options });
}
