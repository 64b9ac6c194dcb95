import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import lzString from "lz-string";
import { addressBytes, type PaymentSourceType } from "../chain/cardano.ts";
import type { Wallet } from "../world.ts";

/** What the seller signs: the terms of one payment. Times are unix milliseconds in digits. */
export interface Terms {
  readonly inputHash: string;
  readonly agentIdentifier: string;
  readonly purchaserIdentifier: string;
  readonly sellerIdentifier: string;
  /** Of dynamic prices only. */
  readonly RequestedFunds: readonly { readonly amount: string; readonly unit: string }[] | null;
  readonly payByTime: string;
  readonly submitResultTime: string;
  readonly unlockTime: string;
  readonly externalDisputeUnlockTime: string;
  readonly sellerAddress: string;
  /** V2 only, as are the two that follow. */
  readonly sellerReturnAddress?: string | null;
  readonly smartContractAddress?: string | null;
  readonly supportedPaymentSourceIndex?: number;
}

/** What a blockchain identifier says; its signature covers more than it carries. */
export interface BlockchainIdentifier {
  readonly sellerIdentifier: string;
  readonly purchaserIdentifier: string;
  /** COSE_Sign1 in hex. */
  readonly signature: string;
  /** COSE_Key in hex. */
  readonly key: string;
  readonly agentIdentifier: string | null;
  /** The contract of a V2 payment; null for V1. */
  readonly smartContractAddress: string | null;
}

/** Length of the random part of a seller's identifier; the agent's follows it. */
const SELLER_NONCE_LENGTH = 64;

export const isHex = (text: string) => text.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(text);

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** JSON with the names of every object in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(",")}}`;
}

/** The key with which the sandbox signs for a wallet: nobody here has the secrets of the world's wallets. */
function sandboxKey({ vkey }: Wallet) {
  const seed = createHash("sha256").update(`sandbox wallet ${vkey}`).digest();
  // PKCS #8 in front of a bare Ed25519 seed.
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

function publicKeyHex(wallet: Wallet): string {
  const { x = "" } = createPublicKey(sandboxKey(wallet)).export({ format: "jwk" });
  return Buffer.from(x, "base64url").toString("hex");
}

/** A CBOR byte string of 24 to 255 bytes. */
const bytesItem = (hex: string) => `58${(hex.length / 2).toString(16).padStart(2, "0")}${hex}`;

const coseKey = (publicKey: string) => `a401010327200621${bytesItem(publicKey)}`;

/** Algorithm EdDSA, the key, and the address it signs for. */
function protectedHeader(publicKey: string, address: string): string {
  const addressItem = bytesItem(Buffer.from(addressBytes(address)).toString("hex"));
  return bytesItem(`a3012704${bytesItem(publicKey)}6761646472657373${addressItem}`);
}

/** What Ed25519 signs: the COSE structure "Signature1". */
const signedBytes = (header: string, payload: string) =>
  Buffer.from(`846a5369676e617475726531${header}40${bytesItem(payload)}`, "hex");

/** A COSE_Sign1 up to the signature itself; the payload is not hashed again. */
const signaturePrefix = (header: string, payload: string) =>
  `84${header}a166686173686564f4${bytesItem(payload)}5840`;

/** Returns the identifier of a payment: its terms, signed for the wallet at `terms.sellerAddress`. */
export function makeIdentifier(terms: Terms, seller: Wallet): string {
  const publicKey = publicKeyHex(seller);
  const header = protectedHeader(publicKey, terms.sellerAddress);
  const payload = sha256(canonical(terms));
  const signature = sign(null, signedBytes(header, payload), sandboxKey(seller)).toString("hex");
  const parts = [
    terms.sellerIdentifier,
    terms.purchaserIdentifier,
    signaturePrefix(header, payload) + signature,
    coseKey(publicKey),
    ...(terms.smartContractAddress == null ? [] : [terms.smartContractAddress]),
  ];
  return Buffer.from(lzString.compressToUint8Array(parts.join("."))).toString("hex");
}

/** A fresh seller's identifier for an agent: noise, then the agent. */
export const newSellerIdentifier = (noise: string, agentIdentifier: string) =>
  sha256(noise) + agentIdentifier;

/** Returns an empty text for bytes that are recognisably not compressed by this scheme. */
function decompress(bytes: Buffer): string {
  // The library reads units of two bytes.
  const whole = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.of(0)]);
  try {
    const text: string | null = lzString.decompressFromUint8Array(whole);
    return text ?? "";
  } catch {
    return "";
  }
}

/** Returns undefined if the text is not such an identifier. */
export function readIdentifier(text: string): BlockchainIdentifier | undefined {
  const parts = decompress(Buffer.from(text, "hex")).split(".");
  const [sellerIdentifier = "", purchaserIdentifier = "", signature = "", key = "", contract] = parts;
  if (parts.length < 4 || parts.length > 5) return undefined;
  if (!isHex(sellerIdentifier) || !isHex(purchaserIdentifier)) return undefined;
  if (contract !== undefined && (contract.length > 250 || !contract.startsWith("addr"))) return undefined;
  return {
    sellerIdentifier,
    purchaserIdentifier,
    signature,
    key,
    agentIdentifier:
      sellerIdentifier.length > SELLER_NONCE_LENGTH ? sellerIdentifier.slice(SELLER_NONCE_LENGTH) : null,
    smartContractAddress: contract ?? null,
  };
}

/** The keys whose signatures count for a wallet: the sandbox's, and the wallet's own where the world names it. */
const keysOf = (wallet: Wallet) => [
  publicKeyHex(wallet),
  ...(wallet.publicKey === undefined ? [] : [wallet.publicKey]),
];

/** The public key in the identifier, if it is one of the wallet's. */
export function keyOfWallet({ key }: BlockchainIdentifier, wallet: Wallet): string | undefined {
  return keysOf(wallet).find((publicKey) => coseKey(publicKey) === key);
}

/** Whether the identifier's signature is one of these terms, by that key. */
export function isSigned(terms: Terms, { signature }: BlockchainIdentifier, publicKey: string): boolean {
  const header = protectedHeader(publicKey, terms.sellerAddress);
  const payload = sha256(canonical(terms));
  if (!signature.startsWith(signaturePrefix(header, payload))) return false;
  const x = Buffer.from(publicKey, "hex").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, signedBytes(header, payload), key, Buffer.from(signature.slice(-128), "hex"));
}

/** The terms that only V2 has. */
export function v2Terms(
  type: PaymentSourceType,
  terms: { contract: string | null; sellerReturnAddress: string | null; index: number | undefined },
): Partial<Terms> {
  if (type === "Web3CardanoV1") return {};
  return {
    sellerReturnAddress: terms.sellerReturnAddress,
    smartContractAddress: terms.contract,
    ...(terms.index === undefined ? {} : { supportedPaymentSourceIndex: terms.index }),
  };
}
