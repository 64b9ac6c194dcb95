/** The registry in our own words. The service's spellings live in wire.ts and convert.ts alone. */

export type Network = "Preprod" | "Mainnet";

/** Which generation of payment contract a selling wallet belongs to; it alone decides how an agent registers. */
export type WalletType = "V1" | "V2";

export interface Wallet {
  /** 56 lower-case hex digits: the hash of the selling wallet's payment key. */
  readonly vkey: string;
  /** Bech32 address; only ever used to say where ADA is missing. */
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

/** What goes on the chain about an agent, apart from its wallet. An optional text is absent or not empty. */
export interface Listing {
  readonly name: string;
  readonly description: string;
  readonly apiBaseUrl: string;
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
  /** The service's own words about a failed state; "" in any other. */
  readonly error: string;
  readonly listing: Listing;
  /** Tags that look like markers, of any owner. */
  readonly markers: readonly string[];
  readonly walletVkey: string;
  readonly walletAddress: string;
  /** The token goes to another wallet than the one that sells. */
  readonly hasRecipient?: boolean | undefined;
  /** V2: contract address of the advertised payment source; several are joined by a space. V1: "". */
  readonly sourceAddress: string;
  /** "" until the mint transaction was submitted. On V2 it changes with every update. */
  readonly agentIdentifier: string;
  /** Of the transaction that the state speaks of; "" while there is none. */
  readonly txHash: string;
  /** Fee of that transaction in lovelace, "" until known. The rows of a V2 batch share one transaction. */
  readonly feeLovelace: string;
  /** ADA that stays beside the token, in lovelace. */
  readonly lockedLovelace: string;
  /** ISO-8601, the service's clock. */
  readonly createdAt: string;
  readonly updatedAt: string;
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

/** On the chain, as the row shows it. */
export const isLive = among(LIVE);
/** A transaction of ours is still to be confirmed. */
export const isPending = among(PENDING);
/** A burn is under way. */
export const isLeaving = among(LEAVING);
/** Nothing of it is on the chain, and nothing will be. */
export const isOver = among(["RegistrationFailed", "DeregistrationConfirmed"]);
/** Nothing goes on by itself any more. A state that is not known here counts as under way. */
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

/** Orders registrations of one agent by which of them counts: a live one first, and of several the oldest. */
export const liveAndOldFirst = (a: Row, b: Row): number =>
  Number(isLive(b.state)) - Number(isLive(a.state)) || a.createdAt.localeCompare(b.createdAt);
