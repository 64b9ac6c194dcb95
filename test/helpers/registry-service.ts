import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

/*
 * A double of the network's registry service (masumi-network/masumi-registry-service), as far as it is asked: POST /api/v1/registry-entry.
 * Shapes and rules are those of its sources, nothing of which was seen running:
 * - 0.24.0 (53c29e3, April 2026), src/routes/api/registry-entry: the header `token`, 401 with `{ status: "error", error: { message } }`,
 *   `limit` of 1 to 50, a filter without `status` finds Online alone, newest id first, the cursor's own entry begins the next page, unknown
 *   keys are passed over.
 * - "ranking" (508edf4, autumn 2026), the same and src/services/registry-entry/registry-ranking.ts: `type`, `supersedesAgentIdentifier`, and
 *   with `sortBy: score` a `ranking` in relation to all that the filter finds: weighted successful purchases, rolling uptime, and age up
 *   to 90 days.
 * - "oldest" (8b83d74, 2025): without `createdAt`, `statusUpdatedAt` and `metadataVersion`.
 */

export type RegistryRelease = "oldest" | "0.24" | "ranking";

/** An agent as the registry knows it. */
export interface RegistryAgent {
  readonly agentIdentifier: string;
  /** @default "Online" */
  readonly status?: "Online" | "Offline" | "Invalid" | "Deregistered" | undefined;
  /** @default "Preprod" */
  readonly network?: "Preprod" | "Mainnet" | undefined;
  /** @default "Standard" */
  readonly type?: string | undefined;
  /** Checks by which it was online, and all of them. @default [10, 10] */
  readonly uptime?: readonly [online: number, checks: number] | undefined;
  /** @default 10 days ago */
  readonly createdAt?: string | undefined;
  readonly supersedes?: string | undefined;
  /** @default 0 */
  readonly purchases?: number | undefined;
}

export interface RegistryServiceDouble extends AsyncDisposable {
  /** Base URL, ending in /api/v1. */
  readonly url: string;
  readonly key: string;
  /** What was asked, in order. */
  readonly queries: readonly Record<string, unknown>[];
  readonly agents: RegistryAgent[];
  /** What the next answers are instead: a status, or a text as it is; "silence" is none. */
  fault: { status: number; body: string } | "silence" | undefined;
}

/** What a double is asked with. */
export const REGISTRY_KEY = "registry-key-for-tests";

const DAY_MS = 86_400_000;
const AGE_CAP_DAYS = 90;

const query = z.object({
  network: z.enum(["Preprod", "Mainnet"]),
  limit: z.int().min(1).max(50).default(10),
  cursorId: z.string().min(1).max(50).optional(),
  sortBy: z.enum(["uptime", "price", "recency", "score"]).optional(),
  filter: z
    .object({
      status: z
        .array(z.enum(["Online", "Offline", "Deregistered", "Invalid"]))
        .max(5)
        .optional(),
      assetIdentifier: z.string().min(1).max(250).optional(),
    })
    .optional(),
});

type Query = z.output<typeof query>;
type Stored = ReturnType<typeof stored>;

/** Later agents have higher ids, as cuids of one process do. */
const stored = (agent: RegistryAgent, index: number) => ({
  id: `cm${String(index).padStart(22, "0")}`,
  status: "Online",
  network: "Preprod",
  type: "Standard",
  uptime: [10, 10] as const,
  createdAt: new Date(Date.now() - 10 * DAY_MS).toISOString(),
  supersedes: undefined,
  purchases: 0,
  ...agent,
});

function found(agents: readonly RegistryAgent[], { network, filter }: Query): Stored[] {
  const statuses: readonly string[] = filter?.status?.length ? filter.status : ["Online"];
  return agents
    .map(stored)
    .filter((agent) => agent.network === network && statuses.includes(agent.status ?? ""))
    .filter(({ agentIdentifier }) => [undefined, agentIdentifier].includes(filter?.assetIdentifier))
    .toSorted((left, right) => (left.id < right.id ? 1 : -1));
}

function ranked(agents: readonly Stored[]) {
  const most = Math.max(0, ...agents.map(({ purchases = 0 }) => purchases));
  const scored = agents.map((agent) => {
    const [online, checks] = agent.uptime ?? [0, 0];
    const days = (Date.now() - Date.parse(agent.createdAt ?? "")) / DAY_MS;
    const components = {
      successfulPurchases: most > 0 ? (agent.purchases ?? 0) / most : 0,
      uptime: checks > 0 ? online / checks : 0,
      lineageAge: Math.min(days / AGE_CAP_DAYS, 1),
    };
    const score = (components.successfulPurchases + components.uptime + components.lineageAge) / 3;
    const weights = { successfulPurchases: 1, uptime: 1, lineageAge: 1 };
    return { ...agent, ranking: { score, components, weights } };
  });
  return scored.toSorted((left, right) => right.ranking.score - left.ranking.score);
}

function shown(agent: Stored & { ranking?: object }, release: RegistryRelease): object {
  const [uptimeCount, uptimeCheckCount] = agent.uptime ?? [0, 0];
  const entry = {
    id: agent.id,
    name: "An agent",
    description: null,
    status: agent.status,
    lastUptimeCheck: new Date().toISOString(),
    uptimeCount,
    uptimeCheckCount,
    apiBaseUrl: "https://agents.example.com",
    tags: ["answers"],
    agentIdentifier: agent.agentIdentifier,
    paymentType: "Web3CardanoV1",
    RegistrySource: { id: "cmsource", policyId: agent.agentIdentifier.slice(0, 56), url: null },
    Capability: { name: "answering", version: "1.0.0" },
    AgentPricing: { pricingType: "Free" },
    ExampleOutput: [],
  };
  if (release === "oldest") return entry;
  const { createdAt } = agent;
  const newer = { ...entry, createdAt, statusUpdatedAt: createdAt, metadataVersion: 1, updatedAt: createdAt };
  if (release === "0.24") return newer;
  const { type, supersedes = null, ranking } = agent;
  return {
    ...newer,
    type,
    supersedesAgentIdentifier: supersedes,
    supersededByAgentIdentifier: null,
    SupportedPaymentSources: [],
    ...(ranking ? { ranking } : {}),
  };
}

function entriesFor(agents: readonly RegistryAgent[], asked: Query, release: RegistryRelease): object[] {
  const all = found(agents, asked);
  const ordered = asked.sortBy && release === "ranking" ? ranked(all) : all;
  const start = asked.cursorId ? ordered.findIndex(({ id }) => id === asked.cursorId) : 0;
  return (start < 0 ? [] : ordered.slice(start, start + asked.limit)).map((agent) => shown(agent, release));
}

/** Starts a registry service on a free port of this machine. */
export async function startRegistryService(
  release: RegistryRelease,
  agents: RegistryAgent[] = [],
): Promise<RegistryServiceDouble> {
  const key = REGISTRY_KEY;
  const queries: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    const send = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
    const refuse = (status: number, message: string) => send(status, { status: "error", error: { message } });
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (double.fault === "silence") return;
      if (double.fault) return send(double.fault.status, double.fault.body);
      if (request.headers["token"] !== key) return refuse(401, "Invalid token");
      if (request.method !== "POST" || request.url !== "/api/v1/registry-entry") {
        return refuse(404, `Can not ${request.method} ${request.url}`);
      }
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      queries.push(body);
      const read = query.safeParse(body);
      if (!read.success) return refuse(400, z.prettifyError(read.error));
      send(200, { status: "success", data: { entries: entriesFor(agents, read.data, release) } });
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const double: RegistryServiceDouble = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`,
    key,
    queries,
    agents,
    fault: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return double;
}
