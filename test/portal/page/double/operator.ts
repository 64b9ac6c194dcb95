import type { Context, Hono } from "hono";
import type { AllCosts, Costs, Drift, Fleet, Run, Spent, Wallet } from "../../../../portal/page/src/wire.ts";

const MINUTE = 60_000;
const ago = (minutes: number): string => new Date(Date.now() - minutes * MINUTE).toISOString();
const COMMIT = "4f1c9a7e02b3d8561fae77c09d2b64e8a1350c9f";

const fleets: Fleet[] = [
  {
    id: "customers-01",
    stack: "preprod-customers-01",
    agents: 100,
    most: 100,
    state: "deployed",
    commit: COMMIT,
    deployedCommit: COMMIT,
    lastRunAt: ago(42),
  },
  {
    id: "customers-02",
    stack: "preprod-customers-02",
    agents: 17,
    most: 100,
    state: "running",
    commit: COMMIT,
    deployedCommit: null,
    lastRunAt: ago(1),
  },
];

const wallets: Wallet[] = [
  {
    vkey: "9d2b64e8a1350c9f4f1c9a7e02b3d8561fae77c09d2b64e8a1350c9f",
    address:
      "addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3jcu5d8ps7zex2k2xt3uqxgjqnnj83ws8lhrn648jjxtwq2ytjqp",
    type: "V2",
    fleets: ["customers-01", "customers-02"],
    ada: "412.83",
    low: false,
    detail: null,
  },
  {
    vkey: "77c09d2b64e8a1350c9f4f1c9a7e02b3d8561fae77c09d2b64e8a135",
    address: null,
    type: "V1",
    fleets: ["customers-01"],
    ada: null,
    low: true,
    detail: "Its address is not configured, so its balance is unknown.",
  },
];

const runs: Run[] = [
  {
    id: "run-2",
    fleet: "customers-02",
    state: "running",
    commit: COMMIT,
    startedAt: ago(1),
    endedAt: null,
    summary: "3 agents to register",
  },
  {
    id: "run-1",
    fleet: "customers-01",
    state: "succeeded",
    commit: COMMIT,
    startedAt: ago(43),
    endedAt: ago(42),
    summary: "2 resources created, 1 updated",
  },
];

const spent: Spent = {
  fees: "24.61",
  locked: "585",
  days: [
    { day: "2026-11-29", fees: "3.2", registrations: 16 },
    { day: "2026-11-28", fees: "1.4", registrations: 7 },
  ],
};

const sums = {
  inputTokens: 1_204_310,
  outputTokens: 310_442,
  modelsUsd: "0.978431",
  containerSeconds: 0,
  jobSeconds: 5212.4,
  timeUsd: null,
  fees: "1.26",
};

const costs: AllCosts = {
  months: [{ month: "2026-11", ...sums }],
  customers: [{ month: "2026-11", user: "customer-7", userName: "ada@example.com", agents: 2, ...sums }],
  agents: [{ month: "2026-11", agentId: "night-desk-1f0c2a", name: "Night desk", ...sums }],
  missing: [{ agentId: "far-away-7a5c11", reason: "its tasks on ECS have no database" }],
};

/** What customers see of the costs of their own agents. */
export const ownCosts = (agents: readonly { readonly agentId: string; readonly name: string }[]): Costs => ({
  readAt: ago(0),
  months:
    agents.length === 0 ? [] : [{ month: "2026-11", ...sums, containerSeconds: 90_000, timeUsd: "12.345" }],
  agents: agents.map(({ agentId, name }) => ({ month: "2026-11", agentId, name, ...sums })),
  missing: [],
});

const drift: Drift = {
  checkedAt: ago(12),
  drift: [
    {
      fleet: "customers-01",
      agentId: "night-desk-1f0c2a",
      kind: "description",
      detail: "The chain has another description than the declaration.",
    },
  ],
};

/** What operators see. Customers' requests have been refused before. */
export function addOperatorRoutes(app: Hono, agents: () => unknown): void {
  const say = (path: string, answer: () => object) =>
    app.get(path, (context: Context) => context.json(answer()));
  say("/operator/agents", () => ({ agents: agents() }));
  say("/operator/fleets", () => ({ fleets }));
  say("/operator/wallets", () => ({ wallets }));
  say("/operator/spent", () => spent);
  say("/operator/costs", () => costs);
  say("/operator/drift", () => drift);
  say("/operator/runs", () => ({ runs }));
  app.get("/operator/runs/:id", (context) => {
    const run = runs.find(({ id }) => id === context.req.param("id"));
    if (!run)
      return context.json(
        { title: "Not found", status: 404, error: "not-found", detail: "There is no such run." },
        404,
      );
    const log =
      "+ crew night-desk: declared\n+ registration night-desk: asked\n  2 resources created, 0 faults\n";
    return context.json({ ...run, log });
  });
}
