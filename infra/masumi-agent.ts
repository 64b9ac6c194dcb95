import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { sha256 } from "../providers/common/sha256.ts";
import { AgentConfirmation, AgentRegistration } from "../providers/masumi/index.ts";
import { type TypedListing, digestOf, marker, typedListingOf } from "../providers/masumi/service/index.ts";
import { AgentRecord, RegistrationRecord } from "../providers/records/index.ts";
import type { Publish } from "./deploy/catalogues/publish.ts";
import type { StackConfig } from "./config.ts";
import { AGENT_TYPE, type Agent, assetTable, formatPrice } from "./declarations/index.ts";
import type { Hosting, IdentityOutputs } from "./deploy/index.ts";
import { type PlannedAgent, listingOf } from "./fleet/index.ts";
import { isKnown, knownValues } from "./known.ts";

export interface MasumiAgentArgs extends PlannedAgent {
  readonly config: StackConfig;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  readonly hosting: Hosting;
  /** Lists it in the stack's other catalogues. */
  readonly publish: Publish;
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
  /** Absent of a standard agent. */
  readonly listing?: TypedListing;
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
  /** Resolves when the engine has dealt with the registration; rejects if that failed. */
  readonly answered: Promise<unknown>;
  /** Undefined as long as the engine has not said all of it: in a preview of what will be created or changed, and with --target. */
  readonly output: Promise<AgentOutput | undefined>;

  constructor(args: MasumiAgentArgs, options?: pulumi.ComponentResourceOptions) {
    const { agent, hosting, wallet } = args;
    super(AGENT_TYPE, agent.id, {}, options);
    const child = { parent: this };
    const hosted = hosting.host({ agent, wallet }, child);
    const record = recordAgent(args, hosted.url, child);
    this.registration = register(args, hosted.url, { ...child, dependsOn: [...hosted.ready, ...record] });
    const confirmation = confirm(args, this.registration, child);
    recordRegistration(args, this.registration, confirmation, { ...child, dependsOn: record });
    if (hosted.publishIdentity) hosted.publishIdentity(identityOf(this.registration, confirmation), child);
    // Once it is registered; and it is taken out again before the registration goes.
    args.publish(agent, { ...args.config, url: hosted.url }, { ...child, dependsOn: [confirmation] });
    this.answered = isKnown(this.registration.urn);
    const confirmed = isKnown(confirmation.urn);
    this.output = outputOf(args, this.registration, confirmation, { answered: this.answered, confirmed });
    // Whoever asks for it hears of a failure, but only once all agents are there: until then it is not to count as unhandled.
    this.output.catch(() => undefined);
    this.registerOutputs(
      confirmed.then(() => ({ url: hosted.url, agentIdentifier: confirmation.agentIdentifier })),
    );
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
  { agent, config, wallet }: MasumiAgentArgs,
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
    },
    options,
  );
}

/** The wallet is that of what is confirmed: the declared one may be ahead of it. */
const identityOf = (
  { wallet }: AgentRegistration,
  { agentIdentifier }: AgentConfirmation,
): IdentityOutputs => ({
  agentIdentifier,
  paymentSourceType: wallet.type,
  sellerVkey: wallet.vkey,
});

/**
 * What is registered, which need not be what is declared: a run with --target may have left the agent alone. As a promise, since Outputs
 * that are put together are copied at each step, which was a quarter of what a program with a thousand agents did; and they are read once
 * the engine has said what is in them, since one that waits takes 10 KB.
 */
async function outputOf(
  args: MasumiAgentArgs,
  registration: AgentRegistration,
  confirmation: AgentConfirmation,
  when: { readonly answered: Promise<unknown>; readonly confirmed: Promise<unknown> },
): Promise<AgentOutput | undefined> {
  const { agent, config } = args;
  await when.answered;
  const { id, content, apiBaseUrl, wallet } = registration;
  const registered = await knownValues({ id, content, apiBaseUrl, wallet });
  await when.confirmed;
  const { state, agentIdentifier, txHash, feeLovelace, lockedLovelace } = confirmation;
  const confirmed = await knownValues({ state, agentIdentifier, txHash, feeLovelace, lockedLovelace });
  if (!registered || !confirmed) return undefined;
  const listed = listedOf(args, registered.content, registered.apiBaseUrl);
  return {
    id: agent.id,
    name: listed.name,
    url: registered.apiBaseUrl,
    network: config.network,
    state: confirmed.state,
    agentIdentifier: confirmed.agentIdentifier,
    txHash: confirmed.txHash,
    registrationId: registered.id,
    walletVkey: registered.wallet.vkey,
    pricing: listed.pricing,
    ...(listed.listing ? { listing: listed.listing } : {}),
    feeLovelace: confirmed.feeLovelace,
    lockedLovelace: confirmed.lockedLovelace,
    ...(agent.user === undefined ? {} : { user: agent.user }),
  };
}

interface Listed extends Pick<Agent, "name" | "pricing"> {
  readonly listing: TypedListing | undefined;
}

function listedOf(
  { agent, wallet, sourceAddress, row, config }: MasumiAgentArgs,
  content: string,
  url: string,
): Listed {
  const declared = { wallet, sourceAddress, listing: { ...listingOf(agent), apiBaseUrl: url } };
  if (!row || content === digestOf(declared)) {
    return { name: agent.name, pricing: agent.pricing, listing: typedListingOf(declared.listing) };
  }
  const { name, pricing } = row.listing;
  const listing = typedListingOf(row.listing);
  if (pricing.type !== "fixed") return { name, pricing, listing };
  const table = assetTable(config.network, config.assets);
  const meant = agent.pricing.type === "fixed" ? agent.pricing.prices : [];
  const prices = pricing.prices.map((price) => ({ ...price, human: formatPrice(price, table, meant) }));
  return { name, pricing: { type: pricing.type, prices }, listing };
}
