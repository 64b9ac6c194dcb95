import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { sha256 } from "../providers/common/sha256.ts";
import { AgentConfirmation, AgentRegistration } from "../providers/masumi/index.ts";
import { digestOf, marker } from "../providers/masumi/service/index.ts";
import { AgentRecord, RegistrationRecord } from "../providers/records/index.ts";
import type { StackConfig } from "./config.ts";
import { AGENT_TYPE, type Agent, assetTable, formatPrice } from "./declarations/index.ts";
import type { Hosting } from "./deploy/index.ts";
import { type PlannedAgent, listingOf } from "./fleet/index.ts";

export interface MasumiAgentArgs extends PlannedAgent {
  readonly config: StackConfig;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  readonly hosting: Hosting;
}

/** One agent of the stack output `agents`; the shape is documented in docs/outputs.md. */
export interface AgentOutput {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly network: string;
  readonly state: string;
  readonly agentIdentifier: string;
  readonly txHash: string;
  readonly registrationId: string;
  readonly walletVkey: string;
  readonly pricing: Agent["pricing"];
  readonly feeLovelace: string;
  readonly lockedLovelace: string;
  /** Whom it belongs to, if its file says so. */
  readonly user?: string;
}

/**
 * One agent: hosted, reachable, registered, confirmed, and told its identifier, in this order, because no ADA must be spent
 * on an agent that does not answer. Removing it happens in reverse order.
 */
export class MasumiAgent extends pulumi.ComponentResource {
  readonly registration: AgentRegistration;
  readonly output: pulumi.Output<AgentOutput>;

  constructor(args: MasumiAgentArgs, options?: pulumi.ComponentResourceOptions) {
    const { agent, hosting, wallet } = args;
    super(AGENT_TYPE, agent.id, {}, options);
    const child = { parent: this };
    const hosted = hosting.host({ agent, wallet }, child);
    const record = recordAgent(args, hosted.url, child);
    this.registration = register(args, hosted.url, { ...child, dependsOn: [...hosted.ready, ...record] });
    const confirmation = confirm(args, this.registration, child);
    recordRegistration(args, this.registration, confirmation, { ...child, dependsOn: record });
    // The wallet of what is confirmed: the declared one may be ahead of it.
    const { wallet: seller } = this.registration;
    hosted.publishIdentity(
      {
        agentIdentifier: confirmation.agentIdentifier,
        paymentSourceType: seller.type,
        sellerVkey: seller.vkey,
      },
      child,
    );
    this.output = outputOf(args, this.registration, confirmation);
    this.registerOutputs({ url: hosted.url, agentIdentifier: confirmation.agentIdentifier });
  }
}

/** The row is there before anything is spent on the agent, and says that it is gone once it is. */
function recordAgent(
  { agent, config }: MasumiAgentArgs,
  apiUrl: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { records: server, recordsCa: ca, owner, stack, network } = config;
  if (server === undefined) return [];
  const { id: agentId, name, user: userId = "" } = agent;
  const described = { agentId, network, owner, stack, userId, name, apiUrl };
  return [new AgentRecord(agentId, { server, ...(ca ? { ca } : {}), ...described }, options)];
}

function recordRegistration(
  { agent, config, projectRoot }: MasumiAgentArgs,
  registration: AgentRegistration,
  { agentIdentifier: masumiId, txHash }: AgentConfirmation,
  options: pulumi.CustomResourceOptions,
): void {
  const { records: server, recordsCa: ca, owner, network } = config;
  if (server === undefined) return;
  const key = { server, ...(ca ? { ca } : {}), agentId: agent.id, network, owner };
  const declared = sha256(readFileSync(join(projectRoot, agent.file)));
  void new RegistrationRecord(
    agent.id,
    { ...key, registrationId: registration.id, masumiId, txHash, declared },
    options,
  );
}

function register(
  { agent, config, wallet, sourceAddress, recover, row, spare }: MasumiAgentArgs,
  url: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): AgentRegistration {
  return new AgentRegistration(
    agent.id,
    {
      agentId: agent.id,
      marker: marker(config.owner, agent.id),
      network: config.network,
      wallet,
      listing: { ...listingOf(agent), apiBaseUrl: url },
      ...(sourceAddress ? { sourceAddress } : {}),
      ...(agent.adopt ? { adopt: agent.adopt } : {}),
      // The preflight has looked, whatever it found.
      recover: recover ?? [],
      ...(row && spare.length > 0 ? { registrations: [row, ...spare].map(({ id }) => id) } : {}),
      probe: { allowPrivate: config.allowPrivateUrls, timeoutSeconds: config.probeSeconds },
      ...(config.v1Replacement === "delete-first" ? { v1Replacement: config.v1Replacement } : {}),
    },
    options,
  );
}

function confirm(
  { agent, config, wallet, queueLength }: MasumiAgentArgs,
  registration: AgentRegistration,
  options: pulumi.CustomResourceOptions,
): AgentConfirmation {
  return new AgentConfirmation(
    agent.id,
    {
      registrationId: registration.id,
      revision: registration.revision,
      network: config.network,
      walletVkey: wallet.vkey,
      walletType: wallet.type,
      ...(config.waitMinutes === undefined ? {} : { waitMinutes: config.waitMinutes }),
      queueLength,
    },
    options,
  );
}

/** What is registered, which need not be what is declared: a run with --target may have left the agent alone. */
function outputOf(
  args: MasumiAgentArgs,
  registration: AgentRegistration,
  confirmation: AgentConfirmation,
): pulumi.Output<AgentOutput> {
  const { agent, config } = args;
  const listed = pulumi
    .all([registration.content, registration.apiBaseUrl])
    .apply(([content, url]) => listedOf(args, content, url));
  return pulumi.output({
    id: agent.id,
    name: listed.name,
    url: registration.apiBaseUrl,
    network: config.network,
    state: confirmation.state,
    agentIdentifier: confirmation.agentIdentifier,
    txHash: confirmation.txHash,
    registrationId: registration.id,
    walletVkey: registration.wallet.vkey,
    pricing: listed.pricing,
    feeLovelace: confirmation.feeLovelace,
    lockedLovelace: confirmation.lockedLovelace,
    ...(agent.user === undefined ? {} : { user: agent.user }),
  });
}

type Listed = Pick<Agent, "name" | "pricing">;

function listedOf(
  { agent, wallet, sourceAddress, row, config }: MasumiAgentArgs,
  content: string,
  url: string,
): Listed {
  const declared = { wallet, sourceAddress, listing: { ...listingOf(agent), apiBaseUrl: url } };
  if (!row || content === digestOf(declared)) return agent;
  const { name, pricing } = row.listing;
  if (pricing.type !== "fixed") return { name, pricing };
  const table = assetTable(config.network, config.assets);
  const meant = agent.pricing.type === "fixed" ? agent.pricing.prices : [];
  const prices = pricing.prices.map((price) => ({ ...price, human: formatPrice(price, table, meant) }));
  return { name, pricing: { type: pricing.type, prices } };
}
