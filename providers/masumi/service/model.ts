/** Our own model of the registry. Only wire.ts and convert.ts know the service's names. */

export type Network = "Preprod" | "Mainnet";

/** The generation of the payment contract that a selling wallet belongs to; it alone determines how an agent registers. */
export type WalletType = "V1" | "V2";

export interface Wallet {
  /** 56 lower-case hex digits: the hash of the selling wallet's payment key. */
  readonly vkey: string;
  /** Bech32 address; only used to report where ADA is missing. */
  readonly address?: string | undefined;
  readonly type: WalletType;
}

export interface Price {
  /** Base units as digits, 1 to 9223372036854775807. */
  readonly amount: string;
  /** "" for lovelace, else policy id and asset name in lower-case hex. */
  readonly unit: string;
}

export type Pricing =
  | { readonly type: "fixed"; readonly prices: readonly Price[] }
  | { readonly type: "free" }
  | { readonly type: "dynamic" };

/**
 * How buyers reach an agent, which is its type in the registry: `standard` by MIP-003, the others as a document says that the registry
 * fetches and checks (an OpenAPI document, an A2A agent card, a manifest of x402 resources).
 */
export const LISTING_TYPES = ["standard", "openapi", "a2a", "x402"] as const;
export type ListingType = (typeof LISTING_TYPES)[number];

/** A way to pay on an EVM chain by x402, beside the selling wallet's own payment source. V2 alone. */
export interface X402Source {
  /** The chain, as CAIP-2 names it. @example "eip155:8453" */
  readonly network: string;
  /** The EVM address that is paid, in lower case. */
  readonly payTo: string;
  /** "Exact"; a newer service may show others. */
  readonly scheme: string;
  /** Address of the token's contract, in lower case; amounts in its base units, as digits. */
  readonly pricing:
    | {
        readonly type: "fixed";
        readonly asset: string;
        readonly amount: string;
        readonly decimals: number;
      }
    | { readonly type: "free" }
    | {
        readonly type: "dynamic";
        readonly asset?: string | undefined;
        readonly decimals?: number | undefined;
      };
  /** What the scheme needs to know of the token. @example { name: "USDC", version: "2" } */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  /** Only registrations that were made elsewhere have these. */
  readonly address?: string | undefined;
  readonly resource?: string | undefined;
}

/** What goes on the chain about an agent, except its wallet. Optional texts are absent, never empty. */
export interface Listing {
  readonly name: string;
  readonly description: string;
  /** @default "standard" */
  readonly type?: ListingType | undefined;
  /** Where the agent is. Entries of the types `openapi` and `x402` do not show it. */
  readonly apiBaseUrl: string;
  /** Not for `standard`: URL of the document that the registry fetches. @default its usual place below `apiBaseUrl` */
  readonly documentUrl?: string | undefined;
  /** For `a2a` alone: versions of A2A that the agent's card must have. @default ["1.0"] */
  readonly protocolVersions?: readonly string[] | undefined;
  /** @default none */
  readonly sources?: readonly X402Source[] | undefined;
  readonly capability: { readonly name: string; readonly version: string };
  /** Without our marker. */
  readonly tags: readonly string[];
  readonly author: {
    readonly name: string;
    readonly contactEmail?: string | undefined;
    readonly contactOther?: string | undefined;
    readonly organization?: string | undefined;
  };
  readonly legal: {
    readonly privacyPolicy?: string | undefined;
    readonly terms?: string | undefined;
    readonly other?: string | undefined;
  };
  readonly pricing: Pricing;
  readonly exampleOutputs: readonly {
    readonly name: string;
    readonly url: string;
    readonly mimeType: string;
  }[];
}

/** A registration as the service keeps it. */
export interface Row {
  readonly id: string;
  readonly type: WalletType;
  /** One of {@link STATES}; a newer service may know more. */
  readonly state: string;
  /** The service's message about a failed state; otherwise "". */
  readonly error: string;
  readonly listing: Listing;
  /** Tags that look like markers, of any owner. */
  readonly markers: readonly string[];
  readonly walletVkey: string;
  readonly walletAddress: string;
  /** Whether the token goes to a wallet other than the selling wallet. */
  readonly hasRecipient?: boolean | undefined;
  /** V2: contract address of the advertised payment source; several are joined by a space. V1: "". */
  readonly sourceAddress: string;
  /** "" until the mint transaction was submitted. On V2 it changes with every update. */
  readonly agentIdentifier: string;
  /** Hash of the transaction that the state refers to; "" if there is none. */
  readonly txHash: string;
  /** Fee of that transaction in lovelace, "" until known. The rows of a V2 batch share one transaction. */
  readonly feeLovelace: string;
  /** ADA locked with the token, in lovelace. */
  readonly lockedLovelace: string;
  /** ISO-8601, the service's clock. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** An entry of the registry that cannot be understood, or is of a type that no release is known to have. */
export interface SkippedEntry {
  readonly id: string;
  readonly name: string;
  /** "" if the entry does not have one. */
  readonly state: string;
  /** Tags that look like markers, of any owner. */
  readonly markers: readonly string[];
  /** Why it was skipped, such as `it is of the type Acp` or `Author: expected object`. */
  readonly problem: string;
}

const LIVE = ["RegistrationConfirmed", "UpdateConfirmed"] as const;
const PENDING = [
  "RegistrationRequested",
  "RegistrationInitiated",
  "UpdateRequested",
  "UpdateInitiated",
] as const;
const LEAVING = ["DeregistrationRequested", "DeregistrationInitiated"] as const;

/** Every state the service is known to give a registration. */
export const STATES = [
  ...LIVE,
  ...PENDING,
  ...LEAVING,
  "RegistrationFailed",
  "UpdateFailed",
  "DeregistrationFailed",
  "DeregistrationConfirmed",
] as const;

const among =
  (states: readonly string[]) =>
  (state: string): boolean =>
    states.includes(state);

/** On the chain with the content that the row shows. */
export const isLive = among(LIVE);
/** A transaction of ours is still to be confirmed. */
export const isPending = among(PENDING);
/** Being burned. */
export const isLeaving = among(LEAVING);
/** Nothing of it is on the chain, and nothing will be. */
export const isOver = among(["RegistrationFailed", "DeregistrationConfirmed"]);
/** In a final state. An unknown state counts as not final. */
export const isSettled = among([
  ...LIVE,
  "RegistrationFailed",
  "UpdateFailed",
  "DeregistrationFailed",
  "DeregistrationConfirmed",
]);
/** The service burns it on request. UpdateFailed and DeregistrationFailed still have their token. */
export const isBurnable = among([...LIVE, "UpdateFailed", "DeregistrationFailed"]);
/** The service updates it on request (V2). */
export const isUpdatable = among([...LIVE, "UpdateFailed"]);
