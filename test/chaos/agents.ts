import type { StackConfig } from "../../infra/config.ts";
import type { Agent as DeclaredAgent } from "../../infra/declarations/index.ts";
import { listingOf } from "../../infra/fleet/registrations.ts";
import { type PlannedAgent, planFleet } from "../../infra/fleet/index.ts";
import {
  type ListingType,
  MasumiClient,
  type Network,
  marker,
  readRows,
} from "../../providers/masumi/service/index.ts";
import defaultWorld from "../../local/sandbox/world.default.json" with { type: "json" };
import type { Declared } from "./engine.ts";

export const OWNER = "chaos/agents";
export const API_KEY = "sandbox-pay-key";
const NETWORK: Network = "Preprod";
/** Selling wallets of the sandbox's default world. */
const VKEYS = {
  V1: "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db",
  V2: "fa12fbf555d966f84801c66b8e9704b2ea3d81a93d89059bd98d7e32",
} as const;

const WALLETS = defaultWorld.paymentSources.flatMap(({ wallets }) => wallets);

export type WalletType = keyof typeof VKEYS;
export type V1Replacement = StackConfig["v1Replacement"];

/** An agent as its author has it now. */
export interface Agent {
  readonly id: string;
  /** Name of its resources: another one when the file was renamed and the id kept. */
  readonly resource: string;
  readonly type: WalletType;
  readonly listing: ListingType;
  /** Lovelace. */
  readonly price: number;
}

export const titleOf = ({ id }: Pick<Agent, "id">): string => `Agent ${id}`;
export const markerOf = ({ id }: Pick<Agent, "id">): string => marker(OWNER, id);
export const vkeyOf = ({ type }: Pick<Agent, "type">): string => VKEYS[type];

export interface ProgramOptions {
  /** The payment service, straight: the program is not what is killed. */
  readonly serviceUrl: string;
  /** Where all agents answer. */
  readonly agentsUrl: string;
  readonly v1Replacement: V1Replacement;
}

/**
 * What the real program registers for these agents, by its own plan of the fleet.
 *
 * @throws the first problem of the plan
 */
export async function declareAll(agents: readonly Agent[], options: ProgramOptions): Promise<Declared[]> {
  const { serviceUrl, agentsUrl, v1Replacement } = options;
  const client = new MasumiClient({ url: `${serviceUrl}/api/v1`, token: API_KEY });
  const [sources, rows, dialect] = await Promise.all([
    client.paymentSources(),
    readRows(client, { network: NETWORK }),
    client.apiDocs(),
  ]);
  const wallets = (["V1", "V2"] as const).map((type) => ({ type, ...walletOf(type) }));
  const { agents: planned, problems } = planFleet({
    // What the plan reads of a stack's configuration and of a declaration; the rest is of no account here.
    config: { network: NETWORK, owner: OWNER, wallets, v1Replacement } as unknown as StackConfig,
    agents: agents.map(toDeclaration),
    survey: { sources, rows, dialect, missing: 0, holdings: [] },
    urlOf: ({ id }) => `${agentsUrl}/${id}`,
  });
  const [problem] = problems;
  if (problem) throw problem;
  return planned.map((agent) =>
    declare(agent, agents.find(({ id }) => id === agent.agent.id)?.resource ?? "", options),
  );
}

/** What a wallet holds of agents that are not standard ones is told by the balance at its address alone. */
function walletOf(type: WalletType): { vkey: string; address?: string } {
  const vkey = VKEYS[type];
  const address = WALLETS.find((wallet) => wallet.vkey === vkey)?.address;
  return { vkey, ...(address === undefined ? {} : { address }) };
}

const toDeclaration = (agent: Agent): DeclaredAgent =>
  ({
    id: agent.id,
    name: titleOf(agent),
    description: "Lives through kills.",
    capability: { name: "living", version: "1.0.0" },
    tags: ["chaos"],
    author: { name: "Example GmbH" },
    legal: {},
    pricing: { type: "fixed", prices: [{ amount: String(agent.price), unit: "" }] },
    exampleOutputs: [],
    paymentType: agent.type,
    ...(agent.listing === "standard" ? {} : { listing: { type: agent.listing } }),
  }) as unknown as DeclaredAgent;

function declare(planned: PlannedAgent, name: string, { v1Replacement }: ProgramOptions): Declared {
  const { agent, wallet, sourceAddress, recover, url } = planned;
  return {
    name,
    registration: {
      agentId: agent.id,
      marker: markerOf(agent),
      network: NETWORK,
      wallet: { type: wallet.type, ...walletOf(wallet.type) },
      ...(sourceAddress === undefined ? {} : { sourceAddress }),
      listing: { ...listingOf(agent), apiBaseUrl: url },
      probe: { allowPrivate: true, timeoutSeconds: 5 },
      v1Replacement,
      resourceUrn: `urn:pulumi:chaos::masumi::registration::${name}`,
      ...(recover ? { recover } : {}),
    },
    confirmation: ({ id: registrationId, outputs }) => ({
      registrationId,
      revision: outputs["revision"],
      network: NETWORK,
      walletVkey: wallet.vkey,
      walletType: wallet.type,
      waitMinutes: 1,
      resourceUrn: `urn:pulumi:chaos::masumi::confirmation::${name}`,
    }),
  };
}
