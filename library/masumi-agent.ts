import * as pulumi from "@pulumi/pulumi";
import { ConfigurationError } from "../infra/config.ts";
import { AGENT_TYPE, type PriceProblem, assetTable, toBaseUnits } from "../infra/declarations/index.ts";
import { AgentConfirmation, AgentRegistration } from "../providers/masumi/index.ts";
import {
  type Listing,
  type ListingType,
  type Network,
  type Pricing,
  type Wallet,
  type X402Source,
  mainnetProblems,
  marker,
} from "../providers/masumi/service/index.ts";
import { AgentRecord } from "../providers/records/index.ts";

/** How the registry lists an agent. */
export interface AgentListing {
  readonly type: ListingType;
  readonly document?: string;
  readonly protocolVersions?: readonly string[];
}

/** A way to pay an agent on an EVM chain by x402. */
export interface PaymentSource {
  /** The chain, as CAIP-2 names it. @example "eip155:8453" */
  readonly network: string;
  /** The EVM address that is paid. */
  readonly payTo: string;
  /** What each job costs, in base units of one token. @default it is free, or `isDynamic` */
  readonly price?: { readonly asset: string; readonly amount: string; readonly decimals: number };
  /** Whether the agent names a price for each job. @default false */
  readonly isDynamic?: boolean;
  /** What payers need to know to sign for the token. @example { name: "USDC", version: "2" } */
  readonly extra?: Readonly<Record<string, string>>;
}

/** What buyers read of an agent, and how it is registered. */
export interface MasumiAgentArgs {
  /**
   * Public URL of the agent's API (MIP-003). It is asked before anything is spent. Unknown in a preview, it counts as unchanged.
   * @example "https://agents.example.com/translator"
   */
  readonly url: pulumi.Input<string>;
  /** @example "Translator" */
  readonly name: string;
  /** @example "Translates texts between English and German." */
  readonly description: string;
  /** @example { name: "translation", version: "1.0.0" } */
  readonly capability: Listing["capability"];
  /** Keywords by which customers find the agent, at least one. @example ["translation", "german"] */
  readonly tags: readonly string[];
  /** @example { name: "Example GmbH", contactEmail: "agents@example.com" } */
  readonly author: Listing["author"];
  /** Links to terms and privacy policy. @default none */
  readonly legal?: Listing["legal"];
  /**
   * `"free"`, `"dynamic"` (the agent names a price for each job), or the tokens that each job costs, all of them together.
   * @default "free"
   * @example { fixed: ["5 USDM", "2 ADA"] }
   */
  readonly pricing?: "free" | "dynamic" | { readonly fixed: readonly string[] };
  /** @default none */
  readonly exampleOutputs?: Listing["exampleOutputs"];
  /**
   * How the registry lists the agent and what it checks of it: `"standard"` (the API), `"openapi"` (an OpenAPI document), `"a2a"` (an
   * agent card; V2 alone) or `"x402"` (a manifest of resources). `document` is its URL, if it is not at its usual place below `url`; of
   * A2A, `protocolVersions` are those that the card must have. A change of it replaces the registration, as does any other change of an
   * agent that is not a standard one. Needs a payment service newer than 0.28.
   * @default "standard"
   * @example { type: "openapi", document: "https://agents.example.com/translator/openapi.yaml" }
   */
  readonly listing?: ListingType | AgentListing;
  /**
   * Further ways to pay the agent, beside `pricing`: on EVM chains by x402, which the agent itself must take. V2 alone.
   * @default none
   */
  readonly sources?: readonly PaymentSource[];
  /**
   * The selling wallet; its type decides how the agent is registered. A change of `vkey` replaces the registration.
   * @example { vkey: "fa12fbf5…", type: "V2" }
   */
  readonly wallet: Wallet;
  /**
   * V2: the contract address of the wallet's payment source, as the payment service lists it (`GET /payment-source`).
   * @default none, which is right for V1 alone
   */
  readonly sourceAddress?: pulumi.Input<string> | undefined;
  /** Whose registry lists the agent. @default masumi:network of the stack */
  readonly network?: Network;
  /** Marks the registration as yours, for good. @default masumi:owner of the stack */
  readonly owner?: string;
  /** Id of an existing registration to take over. @default none */
  readonly adopt?: string;
  /** Whether a URL may be one that only this machine or network reaches. @default masumi:allowPrivateUrls, else false */
  readonly allowPrivateUrls?: boolean;
  /** How long the agent may take to answer, in seconds. @default masumi:probeSeconds of the stack, else 60 */
  readonly probeSeconds?: number;
  /**
   * How long the chain may take to confirm, in minutes.
   * @default masumi:waitMinutes of the stack, else 60, or more if the wallet's queue needs it
   */
  readonly waitMinutes?: number;
  /**
   * A database whose table of agents gets a row (`docs/operations.md`, Records of agents).
   * @default none
   * @example { server: config.requireSecret("records"), userId: "customer-7" }
   */
  readonly records?: {
    readonly server: pulumi.Input<string>;
    readonly ca?: string;
    readonly userId?: string;
  };
}

/**
 * An agent on the Masumi network, wherever it runs: registered once it answers at its URL, confirmed by the chain, and deregistered when
 * it is removed. Its resource's name is the agent's id.
 *
 * Registering costs a fee of about 0.4 ADA and locks 5 ADA. The stack's masumi:maxAda and masumi:allowDeregister limit a run as they
 * do anywhere; on Mainnet masumi:confirmMainnet and masumi:maxAda must be set. For a run that removes the program's last agent they are
 * read from `Pulumi.<stack>.yaml`.
 *
 * @example
 *   const agent = new MasumiAgent("translator", {
 *     url: "https://agents.example.com/translator",
 *     name: "Translator",
 *     description: "Translates texts between English and German.",
 *     capability: { name: "translation", version: "1.0.0" },
 *     tags: ["translation"],
 *     author: { name: "Example GmbH" },
 *     wallet: { vkey: "fa12fbf5…", type: "V2" },
 *     sourceAddress: "addr_test1…",
 *   });
 *   export const { agentIdentifier } = agent;
 */
export class MasumiAgent extends pulumi.ComponentResource {
  /** Policy id and asset name in hex. On V2 it changes with every update. */
  readonly agentIdentifier: pulumi.Output<string>;
  /** The registration's id in the payment service. */
  readonly registrationId: pulumi.Output<string>;
  /** RegistrationConfirmed or UpdateConfirmed. */
  readonly state: pulumi.Output<string>;
  /** Hash of the transaction that the state is of. */
  readonly txHash: pulumi.Output<string>;
  /** The URL that is registered. */
  readonly url: pulumi.Output<string>;

  constructor(id: string, args: MasumiAgentArgs, options?: pulumi.ComponentResourceOptions) {
    super(AGENT_TYPE, id, {}, options);
    const config = new pulumi.Config("masumi");
    const network = args.network ?? config.require("network");
    const owner = args.owner ?? config.require("owner");
    const allowPrivate = args.allowPrivateUrls ?? config.getBoolean("allowPrivateUrls") ?? false;
    refuseUnconfirmed(network, config, allowPrivate);
    // What a component waits for, its parts do not; and an agent must answer before it is registered.
    const after = options?.dependsOn === undefined ? {} : { dependsOn: options.dependsOn };
    const recorded = this.#record(id, args, { network, owner });
    const registration = new AgentRegistration(
      id,
      {
        agentId: id,
        marker: marker(owner, id),
        network,
        wallet: args.wallet,
        listing: { ...listingOf(args, network), apiBaseUrl: args.url },
        ...(args.sourceAddress === undefined ? {} : { sourceAddress: args.sourceAddress }),
        ...(args.adopt === undefined ? {} : { adopt: args.adopt }),
        probe: {
          allowPrivate,
          timeoutSeconds: args.probeSeconds ?? config.getNumber("probeSeconds") ?? 60,
        },
      },
      pulumi.mergeOptions(after, { parent: this, dependsOn: recorded }),
    );
    const waitMinutes = args.waitMinutes ?? config.getNumber("waitMinutes");
    const confirmation = new AgentConfirmation(
      id,
      {
        registrationId: registration.id,
        revision: registration.revision,
        network,
        walletVkey: args.wallet.vkey,
        walletType: args.wallet.type,
        ...(waitMinutes === undefined ? {} : { waitMinutes }),
      },
      { parent: this },
    );
    this.agentIdentifier = confirmation.agentIdentifier;
    this.registrationId = registration.id;
    this.state = confirmation.state;
    this.txHash = confirmation.txHash;
    this.url = registration.apiBaseUrl;
    this.registerOutputs({ url: this.url, agentIdentifier: this.agentIdentifier });
  }

  /** The row is there before anything is spent. */
  #record(
    agentId: string,
    { name, url: apiUrl, records }: MasumiAgentArgs,
    { network, owner }: { readonly network: Network; readonly owner: string },
  ): pulumi.Resource[] {
    if (records === undefined) return [];
    const { userId = "", ...server } = records;
    const described = { agentId, network, owner, stack: pulumi.getStack(), userId, name, apiUrl };
    return [new AgentRecord(agentId, { ...server, ...described }, { parent: this })];
  }
}

/** Refuses Mainnet without the settings that any stack needs there. @throws RunError */
function refuseUnconfirmed(network: Network, config: pulumi.Config, allowPrivateUrls: boolean): void {
  const problems = mainnetProblems({
    network,
    confirmMainnet: config.getBoolean("confirmMainnet") ?? false,
    maxAda: config.get("maxAda"),
    allowPrivateUrls,
  });
  if (problems.length > 0)
    throw new pulumi.RunError(new ConfigurationError(pulumi.getStack(), problems).message);
}

const listingOf = (
  {
    name,
    description,
    capability,
    tags,
    author,
    legal = {},
    pricing = "free",
    exampleOutputs = [],
    listing = "standard",
    sources = [],
  }: MasumiAgentArgs,
  network: Network,
): Omit<Listing, "apiBaseUrl"> => ({
  name,
  description,
  ...typeOf(listing),
  capability,
  tags,
  author,
  legal,
  pricing: pricingOf(pricing, network),
  exampleOutputs,
  ...(sources.length > 0 ? { sources: sources.map(x402Source) } : {}),
});

function x402Source({ network, payTo, price, isDynamic = false, extra }: PaymentSource): X402Source {
  if (price && isDynamic) throw new pulumi.RunError("sources: a price is either fixed or dynamic");
  return {
    network,
    scheme: "Exact",
    payTo,
    ...(extra ? { extra } : {}),
    pricing: price ? { type: "fixed", ...price } : { type: isDynamic ? "dynamic" : "free" },
  };
}

function typeOf(
  listing: NonNullable<MasumiAgentArgs["listing"]>,
): Pick<Listing, "type" | "documentUrl" | "protocolVersions"> {
  const { type, document, protocolVersions }: AgentListing =
    typeof listing === "string" ? { type: listing } : listing;
  return {
    ...(type === "standard" ? {} : { type }),
    ...(document === undefined ? {} : { documentUrl: document }),
    ...(protocolVersions === undefined ? {} : { protocolVersions }),
  };
}

/** Returns prices in base units of the network's own tokens. @throws RunError with what is wrong with one */
function pricingOf(pricing: NonNullable<MasumiAgentArgs["pricing"]>, network: Network): Pricing {
  if (typeof pricing === "string") return { type: pricing };
  const table = assetTable(network);
  const prices = pricing.fixed.map((text) => {
    const price = toBaseUnits(text, table);
    if (isProblem(price)) throw new pulumi.RunError(`pricing: "${text}" ${price.message}: ${price.remedy}`);
    return { amount: price.amount, unit: price.unit };
  });
  return { type: "fixed", prices };
}

const isProblem = (price: object): price is PriceProblem => "remedy" in price;
