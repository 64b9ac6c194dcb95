import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Document, isScalar, parseDocument } from "yaml";
import type { Crypter } from "../state/crypto.ts";
import { parseConfigPath, typedValue } from "./config-path.ts";
import { EngineError, NotImplemented } from "../errors.ts";
import { isRecord, sortedJson } from "../json.ts";
import { writeFileAtomically } from "../state/files.ts";

/** One configuration value: `key` is `<namespace>:<name>`, `value` the text the program gets (objects as JSON with sorted keys). */
export interface ConfigValue {
  readonly key: string;
  readonly value: string;
  readonly secret: boolean;
}

const KNOWN_KEYS = new Set(["encryptionsalt", "config"]);
const REFUSED_KEYS = ["secretsprovider", "encryptedkey", "environment"];

/** `Pulumi.<stack>.yaml`: its salt, its values, and the way to change them that keeps comments and order. */
export class StackConfig {
  readonly file: string;
  readonly #project: string;
  readonly #document: Document;

  private constructor(file: string, project: string, document: Document) {
    this.file = file;
    this.#project = project;
    this.#document = document;
  }

  /** A stack without a file has no configuration yet. @throws EngineError BAD_STACK_CONFIG, NOT_IMPLEMENTED */
  static async load(root: string, project: string, stack: string): Promise<StackConfig> {
    const file = join(root, `Pulumi.${stack}.yaml`);
    const document = existsSync(file) ? parseDocument(await readFile(file, "utf8")) : new Document({});
    const [problem] = document.errors;
    if (problem !== undefined) throw new EngineError("BAD_STACK_CONFIG", `${file}: ${problem.message}`);
    const content: unknown = document.toJS() ?? {};
    if (!isRecord(content)) throw new EngineError("BAD_STACK_CONFIG", `${file} must hold a mapping.`);
    for (const key of Object.keys(content)) {
      if (REFUSED_KEYS.includes(key)) throw new NotImplemented(`"${key}"`, file);
      if (!KNOWN_KEYS.has(key)) throw new EngineError("BAD_STACK_CONFIG", `${file}: unknown key "${key}".`);
    }
    return new StackConfig(file, project, document);
  }

  get salt(): string | undefined {
    const salt: unknown = this.#document.get("encryptionsalt");
    return typeof salt === "string" ? salt : undefined;
  }

  setSalt(salt: string): void {
    this.#document.set("encryptionsalt", salt);
  }

  /** Every value, decrypted. */
  values(crypter: Crypter): ConfigValue[] {
    const content: unknown = this.#document.toJS() ?? {};
    const config = isRecord(content) && isRecord(content["config"]) ? content["config"] : {};
    return Object.entries(config).map(([key, value]) => {
      const revealed = reveal(value, crypter);
      const text =
        typeof revealed.value === "object" ? sortedJson(revealed.value) : this.#textOf(key, revealed.value);
      return { key: this.#qualified(key), value: text, secret: revealed.secret };
    });
  }

  /** With `path`, the key leads into a value, as `--path` of the CLI does. @throws EngineError BAD_CONFIG_KEY */
  set(
    key: string,
    value: string,
    crypter: Crypter | undefined,
    { path = false }: { readonly path?: boolean } = {},
  ): void {
    const place = this.#placeOf(key, path);
    const plain = path ? typedValue(value) : value;
    try {
      this.#document.setIn(place, crypter === undefined ? plain : { secure: crypter.encrypt(value) });
    } catch (error) {
      throw new EngineError("BAD_CONFIG_KEY", `"${key}" leads into a value that has no members.`, undefined, {
        cause: error,
      });
    }
  }

  /** Whether the key was there. */
  remove(key: string, { path = false }: { readonly path?: boolean } = {}): boolean {
    const place = this.#placeOf(key, path);
    return this.#document.hasIn(place) && this.#document.deleteIn(place);
  }

  /** Where a key is in the file: there it may stand without the project's namespace. */
  #placeOf(key: string, path: boolean): unknown[] {
    const [name, ...steps] = path ? parseConfigPath(key) : [key];
    const qualified = this.#qualified(name);
    const existing = [qualified, name].find((one) => this.#document.hasIn(["config", one])) ?? qualified;
    return ["config", existing, ...steps];
  }

  /** The full name of a key. */
  nameOf(key: string): string {
    return this.#qualified(key);
  }

  async save(): Promise<void> {
    await writeFileAtomically(this.file, this.#document.toString());
  }

  /** A key without a namespace belongs to the project's. @throws EngineError BAD_CONFIG_KEY */
  #qualified(key: string): string {
    const { namespace = this.#project, name } = KEY.exec(key)?.groups ?? {};
    if (name === undefined) {
      throw new EngineError(
        "BAD_CONFIG_KEY",
        `"${key}" is not a configuration key: <namespace>:<name>, or <name>.`,
      );
    }
    return `${namespace}:${name}`;
  }

  /** A number or boolean keeps the text it has in the file. */
  #textOf(key: string, value: unknown): string {
    if (typeof value === "string") return value;
    const node: unknown = this.#document.getIn(["config", key], true);
    if (isScalar(node) && node.source !== undefined) return node.source;
    return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
  }
}

const KEY = /^(?:(?<namespace>[^:]+):(?:config:)?)?(?<name>[^:]+)$/u;

/** Decrypts `{ secure: … }` wherever it stands; one secret inside makes the whole value secret. */
function reveal(value: unknown, crypter: Crypter): { value: unknown; secret: boolean } {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => reveal(item, crypter));
    return { value: items.map((item) => item.value), secret: items.some((item) => item.secret) };
  }
  if (!isRecord(value)) return { value, secret: false };
  const secure = value["secure"];
  if (typeof secure === "string" && Object.keys(value).length === 1) {
    return { value: crypter.decrypt(secure), secret: true };
  }
  const entries = Object.entries(value).map(([key, item]) => [key, reveal(item, crypter)] as const);
  return {
    value: Object.fromEntries(entries.map(([key, item]) => [key, item.value])),
    secret: entries.some(([, item]) => item.secret),
  };
}
