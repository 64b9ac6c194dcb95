import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { isAddressOf, type Network, type PaymentSourceType } from "./chain/cardano.ts";
import { stableCuid } from "./ids.ts";

/**
 * The releases of the service whose API differs in a way a client meets. 0.29 is the one that follows 0.28, as its development branch
 * was run in July 2026; 0.30 is that branch in October 2026, which has A2A agents as well.
 */
export const DIALECTS = ["0.20", "0.21", "0.28", "0.29", "0.30"] as const;
export type Dialect = (typeof DIALECTS)[number];

/** Returns whether a release is one of those up to 0.21, which are V1 alone and burn with DELETE. */
export const isOf2025 = (dialect: Dialect): boolean => dialect === "0.20" || dialect === "0.21";

/** Returns whether registry entries have a type, and some of them no apiBaseUrl. */
export const hasEntryTypes = (dialect: Dialect): boolean => dialect === "0.29" || hasA2A(dialect);

/** Returns whether A2A agents can be registered, and the chain's metadata of agents without an apiBaseUrl be read. */
export const hasA2A = (dialect: Dialect): boolean => dialect === "0.30";
export type Permission = "Read" | "ReadAndPay" | "Admin";

export interface Key {
  readonly id: string;
  readonly token: string;
  readonly permission: Permission;
  readonly networks: readonly Network[];
  readonly status: "Active" | "Revoked";
  /** Vkeys of the wallets the key is limited to; absent = no limit. */
  readonly wallets?: readonly string[] | undefined;
  /** EVM chains that it may advertise, as CAIP-2 names them. */
  readonly chains: readonly string[];
  readonly usageCredits?: readonly { readonly unit: string; readonly amount: string }[] | undefined;
}

export interface Wallet {
  readonly id: string;
  readonly type: "Selling" | "Purchasing";
  readonly vkey: string;
  readonly address: string;
  /** What it holds when the sandbox meets it first. */
  readonly lovelace: number;
  /** Other tokens that it holds then. */
  readonly tokens: readonly { readonly unit: string; readonly quantity: number }[];
  /** Ed25519 key behind the vkey, in hex: its signatures count besides those that the sandbox makes for the wallet. */
  readonly publicKey?: string | undefined;
  readonly note: string;
  readonly source: PaymentSource;
}

export interface PaymentSource {
  readonly id: string;
  readonly createdAt: string;
  readonly network: Network;
  readonly paymentSourceType: PaymentSourceType;
  readonly policyId: string;
  readonly smartContractAddress: string;
  readonly requiredAdminSignatures: number | null;
  readonly feeRatePermille: number;
  readonly adminWallets: readonly string[];
  readonly feeReceiver: string | null;
  readonly wallets: readonly Wallet[];
}

export interface World {
  readonly dialect: Dialect;
  readonly keys: readonly Key[];
  /** Newest first, as the service lists them. */
  readonly paymentSources: readonly PaymentSource[];
  readonly wallets: readonly Wallet[];
  /** Native tokens that exist on the chain: policy id and asset name in hex. */
  readonly assets: ReadonlySet<string>;
  /** EVM chains on which payments by x402 can be settled, as CAIP-2 names them. */
  readonly x402: ReadonlySet<string>;
}

/** A world file that cannot be used; every complaint names the place. */
export class WorldError extends Error {
  readonly code = "SANDBOX_WORLD_INVALID";
  constructor(file: string, complaints: readonly string[]) {
    super(
      `The sandbox's world ${file} cannot be used:\n${complaints.map((line) => `  ${line}`).join("\n")}\n` +
        `local/sandbox/README.md describes the file; local/sandbox/world.default.json is an example.`,
    );
    this.name = "WorldError";
  }
}

const network = z.enum(["Preprod", "Mainnet"]);
const vkey = z.string().regex(/^[0-9a-f]{56}$/, "expected 56 lower-case hex characters");
const id = z.cuid().optional();
const assetUnit = z
  .string()
  .regex(/^[0-9a-f]{56,120}$/, "expected policy id and asset name in lower-case hex");
const evmChain = z
  .string()
  .regex(/^eip155:\d+$/, "expected a chain as CAIP-2 names it, such as eip155:84532");
const walletSchema = z.strictObject({
  id,
  type: z.enum(["Selling", "Purchasing"]),
  vkey,
  address: z
    .string()
    .refine(
      (address) => isAddressOf("Preprod", address) || isAddressOf("Mainnet", address),
      "expected a Cardano address (addr1… or addr_test1…)",
    ),
  lovelace: z.int().min(0).default(0),
  tokens: z.array(z.strictObject({ unit: assetUnit, quantity: z.int().min(0) })).default([]),
  publicKey: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hex characters")
    .optional(),
  note: z.string().default("Created by the sandbox's world"),
});
const sourceSchema = z.strictObject({
  id,
  createdAt: z.iso.datetime().default("2026-01-01T00:00:00.000Z"),
  network,
  paymentSourceType: z.enum(["Web3CardanoV1", "Web3CardanoV2"]),
  policyId: vkey,
  smartContractAddress: z.string().min(58),
  requiredAdminSignatures: z.int().nullable().default(null),
  feeRatePermille: z.int().min(0).max(1000).default(50),
  adminWallets: z.array(z.string()).default([]),
  feeReceiver: z.string().nullable().default(null),
  wallets: z.array(walletSchema).default([]),
});
const worldSchema = z.strictObject({
  version: z.enum(DIALECTS).optional(),
  /** What `version` was called first. */
  dialect: z.enum(DIALECTS).optional(),
  keys: z
    .array(
      z.strictObject({
        id,
        token: z.string().min(15),
        permission: z.enum(["Read", "ReadAndPay", "Admin"]),
        networks: z.array(network).min(1).default(["Preprod"]),
        status: z.enum(["Active", "Revoked"]).default("Active"),
        wallets: z.array(vkey).min(1).optional(),
        chains: z.array(evmChain).default([]),
        usageCredits: z
          .array(z.strictObject({ unit: z.string(), amount: z.string().regex(/^\d+$/) }))
          .optional(),
      }),
    )
    .min(1),
  paymentSources: z.array(sourceSchema).min(1),
  x402: z.array(evmChain).default([]),
  assets: z
    .array(
      z.strictObject({
        unit: assetUnit,
        name: z.string().optional(),
      }),
    )
    .default([]),
});

/** `keys[0].token` instead of an array of steps. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index ? "." : ""}${String(step)}`))
    .join("");
}

function repeated(what: string, values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))].map(
    (value) => `${what} ${value} is there more than once`,
  );
}

/** Checks a parsed world file; throws WorldError with all complaints. */
export function readWorld(raw: unknown, file: string): World {
  const parsed = worldSchema.safeParse(raw);
  if (!parsed.success) {
    throw new WorldError(
      file,
      parsed.error.issues.map((issue) => `${pathText(issue.path) || "(whole file)"}: ${issue.message}`),
    );
  }
  const { version, keys, assets } = parsed.data;
  const dialect = version ?? parsed.data.dialect ?? "0.28";
  // V2 came with 0.28: an older service has none of its sources and wallets.
  const paymentSources = parsed.data.paymentSources
    .filter((source) => !isOf2025(dialect) || source.paymentSourceType === "Web3CardanoV1")
    .map(withWallets)
    .toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  const wallets = paymentSources.flatMap((source) => source.wallets);
  const vkeys = wallets.map((wallet) => wallet.vkey);
  // A key may be for wallets that an older service does not have.
  const declared = parsed.data.paymentSources.flatMap((source) => source.wallets.map(({ vkey }) => vkey));
  const complaints = [
    ...(version && parsed.data.dialect && version !== parsed.data.dialect
      ? ["version and dialect name two releases: keep version"]
      : []),
    // A token is a secret even here: its number says which one is meant.
    ...keys.flatMap((key, index) =>
      keys.findIndex((other) => other.token === key.token) < index
        ? [`keys[${index}].token is there more than once`]
        : [],
    ),
    ...repeated("the wallet", vkeys),
    ...repeated(
      "the contract address",
      paymentSources.map((source) => source.smartContractAddress),
    ),
    ...keys.flatMap((key, index) =>
      (key.wallets ?? [])
        .filter((scope) => !declared.includes(scope))
        .map((scope) => `keys[${index}].wallets: no payment source has the wallet ${scope}`),
    ),
  ];
  complaints.push(...unknownTokens(wallets, new Set(assets.map((asset) => asset.unit))));
  if (complaints.length > 0) throw new WorldError(file, complaints);
  return {
    dialect,
    keys: keys.map((key) => ({ ...key, id: key.id ?? stableCuid(`key ${key.token}`) })),
    paymentSources,
    wallets,
    assets: new Set(assets.map((asset) => asset.unit)),
    x402: new Set(parsed.data.x402),
  };
}

function unknownTokens(wallets: readonly Wallet[], assets: ReadonlySet<string>): string[] {
  return wallets.flatMap(({ vkey, tokens }) =>
    tokens
      .filter(({ unit }) => !assets.has(unit))
      .map(({ unit }) => `the wallet ${vkey} holds ${unit}, which is not among the assets`),
  );
}

function withWallets(raw: z.output<typeof sourceSchema>): PaymentSource {
  const wallets: Wallet[] = [];
  const source = { ...raw, id: raw.id ?? stableCuid(`source ${raw.smartContractAddress}`), wallets };
  for (const wallet of raw.wallets) {
    wallets.push({ ...wallet, id: wallet.id ?? stableCuid(`wallet ${wallet.vkey}`), source });
  }
  return source;
}

/** The wallet with this vkey. @throws Error where the world has none, which is checked when the sandbox starts */
export function expectWallet(world: World, vkey: string): Wallet {
  const wallet = world.wallets.find((candidate) => candidate.vkey === vkey);
  if (!wallet) throw new Error(`the world has no wallet ${vkey}`);
  return wallet;
}

const DEFAULT_FILE = fileURLToPath(new URL("world.default.json", import.meta.url));

/** Reads a world file; without a name the one beside this module, which also has what a file leaves out. @throws WorldError */
export function loadWorld(file = DEFAULT_FILE): World {
  const raw = readJson(file);
  const isPart = file !== DEFAULT_FILE && typeof raw === "object" && raw !== null;
  return readWorld(isPart ? { ...(readJson(DEFAULT_FILE) as object), ...raw } : raw, file);
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new WorldError(file, [`cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`]);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WorldError(file, [`is not JSON: ${(error as Error).message}`]);
  }
}
