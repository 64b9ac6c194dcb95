import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { EngineError } from "../errors.ts";

const stretch = promisify(pbkdf2);
const ROUNDS = 1_000_000;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The word whose encrypted form in the salt proves a passphrase. */
const PROOF = "pulumi";

/** Deriving a key takes a third of a second by design; who opens a stack several times waits once. */
const derived = new Map<string, Promise<Buffer>>();

function derive(passphrase: string, salt: Buffer): Promise<Buffer> {
  const name = `${salt.toString("base64")}:${passphrase}`;
  const key = derived.get(name) ?? stretch(passphrase, salt, ROUNDS, KEY_BYTES, "sha256");
  derived.set(name, key);
  return key;
}

/**
 * Pulumi's passphrase secrets: PBKDF2-HMAC-SHA256 with 1,000,000 rounds gives a 32-byte key; a value is
 * `v1:<base64 of a 12-byte nonce>:<base64 of AES-256-GCM ciphertext and 16-byte tag>`.
 */
export class Crypter {
  /** `v1:<base64 of 8 random bytes>:<encrypted proof word>`: the `encryptionsalt` of a stack's configuration and of its state. */
  readonly salt: string;
  readonly #key: Buffer;

  private constructor(salt: string, key: Buffer) {
    this.salt = salt;
    this.#key = key;
  }

  /** A new salt for a new stack. */
  static async create(passphrase: string): Promise<Crypter> {
    const bytes = randomBytes(8);
    const key = await derive(passphrase, bytes);
    const proof = new Crypter("", key).encrypt(PROOF);
    return new Crypter(`v1:${bytes.toString("base64")}:${proof}`, key);
  }

  /** @throws EngineError WRONG_PASSPHRASE when the passphrase does not open this salt. */
  static async open(passphrase: string, salt: string): Promise<Crypter> {
    const [version, bytes, ...proof] = salt.split(":");
    if (version !== "v1" || bytes === undefined || proof.length === 0) {
      throw new EngineError(
        "BAD_ENCRYPTION_SALT",
        "The stack's encryption salt is not of the form v1:<salt>:<proof>.",
      );
    }
    const key = await derive(passphrase, Buffer.from(bytes, "base64"));
    const crypter = new Crypter(salt, key);
    let word: string | undefined;
    try {
      word = crypter.decrypt(proof.join(":"));
    } catch {
      word = undefined;
    }
    if (word !== PROOF) {
      throw new EngineError(
        "WRONG_PASSPHRASE",
        "The passphrase does not open this stack's secrets.",
        "Use the passphrase the stack was made with.",
      );
    }
    return crypter;
  }

  encrypt(plaintext: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const sealed = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
  }

  /** @throws EngineError BAD_CIPHERTEXT */
  decrypt(ciphertext: string): string {
    const [version, nonce, sealed] = ciphertext.split(":");
    const bytes = Buffer.from(sealed ?? "", "base64");
    if (version !== "v1" || nonce === undefined || bytes.length < TAG_BYTES) {
      throw new EngineError(
        "BAD_CIPHERTEXT",
        "An encrypted value is not of the form v1:<nonce>:<ciphertext>.",
      );
    }
    const decipher = createDecipheriv("aes-256-gcm", this.#key, Buffer.from(nonce, "base64"));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    } catch (error) {
      throw new EngineError(
        "BAD_CIPHERTEXT",
        "An encrypted value cannot be decrypted with this stack's key.",
        undefined,
        { cause: error },
      );
    }
  }
}
