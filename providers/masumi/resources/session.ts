import type { ConfigureRequest } from "@pulumi/pulumi/dynamic/index.js";
import { MasumiClient } from "../service/client/client.ts";
import { RegistrationError, SettingsError, maskSecrets } from "../service/errors.ts";
import { WalletTokens } from "../service/reads/wallet-tokens.ts";
import { IntentNotes, findProjectFolder } from "./intents.ts";
import { RunRecord } from "./run-record.ts";
import type { Network, Row, WalletType } from "../service/model.ts";
import { PaymentView } from "../service/reads/payments.ts";
import { RegistryView } from "../service/reads/poller.ts";
import type { EngineLog, Severity } from "./engine-log.ts";
import type { ApiKeyStatus } from "../service/client/wire.ts";

/** The settings of a stack that the provider uses. */
export interface Settings {
  /** masumi:paymentServiceUrl */
  readonly url: string;
  /** MASUMI_API_KEY, else masumi:apiKey. A destroy sees the configuration kept in the state, but today's environment. */
  readonly apiKey: string;
  /** masumi:waitMinutes: how long a wait for the chain may take; not set: as long as the wallet's queue asks. */
  readonly waitMinutes: number | undefined;
  /** masumi:settleSeconds, default 30: how long to look for what a lost answer may have done. */
  readonly settleSeconds: number;
  /** masumi:allowDeregister: agents that may be burned beyond the limit of a run; agent ids or row ids. */
  readonly allowDeregister: readonly string[];
  /** MASUMI_ALLOW_DEREGISTER: what a destroy on Mainnet may burn; agent ids, comma-separated, or `all`. */
  readonly allowedByEnvironment: string | undefined;
  /** MASUMI_FORCE_DEREGISTER: whether agents are deregistered in spite of open payments. */
  readonly forceDeregister: boolean;
}

type ReadSetting = (key: string) => unknown;
type Environment = Readonly<Record<string, string | undefined>>;

/** @throws SettingsError */
export function readSettings(get: ReadSetting, env: Environment): Settings {
  const required = (name: string, value: unknown): string => {
    if (typeof value === "string" && value !== "") return value;
    throw new SettingsError({ code: "SETTING_MISSING", what: `${name} is not set.` });
  };
  return {
    url: required("masumi:paymentServiceUrl", get("masumi:paymentServiceUrl")),
    apiKey: required("masumi:apiKey (or MASUMI_API_KEY)", env["MASUMI_API_KEY"] || get("masumi:apiKey")),
    waitMinutes: toNumber("masumi:waitMinutes", get("masumi:waitMinutes")),
    settleSeconds: toNumber("masumi:settleSeconds", get("masumi:settleSeconds")) ?? 30,
    allowDeregister: toList("masumi:allowDeregister", get("masumi:allowDeregister")),
    allowedByEnvironment: env["MASUMI_ALLOW_DEREGISTER"],
    forceDeregister: isOn(env["MASUMI_FORCE_DEREGISTER"]),
  };
}

const isOn = (value = ""): boolean => !["", "0", "false", "no"].includes(value.trim().toLowerCase());

function toNumber(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new SettingsError({ code: "SETTING_INVALID", what: `${name} is not a number.` });
}

function toList(name: string, value: unknown): string[] {
  try {
    const list: unknown = typeof value === "string" ? JSON.parse(value) : (value ?? []);
    if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  } catch {
    // Not JSON: said below.
  }
  throw new SettingsError({ code: "SETTING_INVALID", what: `${name} is not a list of agent ids.` });
}

export interface SessionOptions {
  /** Milliseconds until an answer of the service must be complete; default as in the client. */
  readonly timeoutMs?: number | undefined;
  /** Default: this process's. */
  readonly env?: Environment;
  /** Where notes of requests under way are kept; default: the folder of the nearest Pulumi.yaml at or above this process's. */
  readonly projectFolder?: string;
}

/**
 * What all resources of one provider host share for the length of a run: settings, client, the view of the
 * registry, and the record of this run's own doings.
 */
export class Session {
  readonly run = new RunRecord();
  readonly intents: IntentNotes;
  readonly #log: EngineLog;
  readonly #options: SessionOptions;
  #settings: Promise<Settings> | undefined;
  #client: MasumiClient | undefined;
  #walletTokens: WalletTokens | undefined;
  #keyStatus: Promise<ApiKeyStatus> | undefined;
  readonly #views = new Map<string, RegistryView>();
  readonly #payments = new Map<string, PaymentView>();
  #secrets: readonly string[] = [];
  readonly #done = new Set<string>();

  constructor(log: EngineLog, options: SessionOptions = {}) {
    this.#log = log;
    this.#options = options;
    this.intents = new IntentNotes(options.projectFolder ?? findProjectFolder(process.cwd()));
  }

  /**
   * Takes the settings. The promise is stored before anything is awaited, because the host lets other calls
   * through while the first one still configures. Wrong settings are thrown by what needs them, so that
   * `check` and `diff` stay free of them.
   */
  async configure({ config }: ConfigureRequest): Promise<void> {
    const { env = process.env } = this.#options;
    this.#settings ??= Promise.resolve().then(() => readSettings((key) => config.get(key), env));
    await this.#settings.catch(() => undefined);
  }

  /** @throws SettingsError */
  async settings(): Promise<Settings> {
    if (!this.#settings) {
      throw new SettingsError({
        code: "SETTING_MISSING",
        what: "The provider has received no configuration.",
      });
    }
    return this.#settings;
  }

  /** @throws SettingsError */
  async client(): Promise<MasumiClient> {
    const { url, apiKey } = await this.settings();
    this.#secrets = [apiKey];
    this.#client ??= new MasumiClient({ url, token: apiKey, timeoutMs: this.#options.timeoutMs });
    return this.#client;
  }

  async view(network: Network, type: WalletType): Promise<RegistryView> {
    const client = await this.client();
    const key = `${network} ${type}`;
    const view =
      this.#views.get(key) ?? new RegistryView(client, { network, type }, () => this.assertRunAlive());
    this.#views.set(key, view);
    return view;
  }

  async payments(network: Network, type: WalletType): Promise<PaymentView> {
    const client = await this.client();
    const key = `${network} ${type}`;
    const view = this.#payments.get(key) ?? new PaymentView(client, { network, type });
    this.#payments.set(key, view);
    return view;
  }

  /** Every row of the network, V1 and V2, as of at most `maxAgeMs` ago. */
  async allRows(network: Network, maxAgeMs: number): Promise<Row[]> {
    const views = await Promise.all([this.view(network, "V1"), this.view(network, "V2")]);
    const maps = await Promise.all(views.map((view) => view.rows(maxAgeMs)));
    return maps.flatMap((rows) => [...rows.values()]);
  }

  /** Identifiers of the tokens at a row's wallet, where that can be told; see {@link WalletTokens}. */
  async tokensBeside(
    row: Row,
    network: Network,
    rows: Iterable<Row>,
  ): Promise<ReadonlySet<string> | undefined> {
    const client = await this.client();
    this.#walletTokens ??= new WalletTokens(client);
    return this.#walletTokens.beside(row, network, rows);
  }

  /** What the API key may do; asked once. @throws ServiceError, RefusedError, SettingsError */
  async keyStatus(): Promise<ApiKeyStatus> {
    const client = await this.client();
    this.#keyStatus ??= client.apiKeyStatus().catch((error: unknown) => {
      this.#keyStatus = undefined;
      throw error;
    });
    return this.#keyStatus;
  }

  /** Says once in a run, before anything is spent, that an admin key is more than a deployment needs. */
  async warnOfAdminKey(urn: string | undefined): Promise<void> {
    if (!this.isFirst("admin key")) return;
    const status = await this.keyStatus().catch(() => undefined);
    if (!status?.canAdmin) return;
    this.note(
      "warning",
      urn,
      "The API key is an admin key, with which anyone can empty the service's wallets. A ReadAndPay key limited to the " +
        "selling wallets is enough here.",
    );
  }

  /** Whether this is the first time in this run that something named so is about to be done. */
  isFirst(what: string): boolean {
    const isFirst = !this.#done.has(what);
    this.#done.add(what);
    return isFirst;
  }

  /** Shows a message under a resource. */
  note(severity: Severity, urn: string | undefined, message: string): void {
    this.#log.note({ severity, urn, message: maskSecrets(message, this.#secrets) });
  }

  /** Shows what a resource waits for; the next such message takes its place. */
  progress(urn: string | undefined, message: string): void {
    this.#log.note({
      severity: "info",
      urn,
      message: maskSecrets(message, this.#secrets),
      ephemeral: true,
    });
  }

  /** Ends when all messages have been shown. */
  async flush(): Promise<void> {
    await this.#log.flush();
  }

  /** @throws RegistrationError RUN_ENDED if nobody would hear of what is done now */
  async assertRunAlive(): Promise<void> {
    if (await this.#log.isRunAlive()) return;
    throw new RegistrationError({ code: "RUN_ENDED", what: "The run ended while this was in progress." });
  }
}
