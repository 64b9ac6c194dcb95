import type { ConfigureRequest } from "@pulumi/pulumi/dynamic/index.js";
import { MasumiClient, type TokenTags } from "../service/client/client.ts";
import { notUnderstood } from "../service/client/entries.ts";
import { RegistrationError, SettingsError, maskSecrets } from "../service/errors.ts";
import { type Holding, type SellingWallet, WalletTokens } from "../service/reads/wallet-tokens.ts";
import { adminKeyProblem } from "../service/rules/admin-key.ts";
import { isForgotten } from "../service/rules/unlisted.ts";
import { IntentNotes, findProjectFolder } from "../service/intents.ts";
import { type RunFacts, readRunFacts } from "../service/ledger/index.ts";
import type { OfProgram } from "./inputs.ts";
import { RunRecord } from "./run-record.ts";
import type { ListingType, Network, Row, SkippedEntry, WalletType } from "../service/model.ts";
import { PaymentView } from "../service/reads/payments.ts";
import { RegistryView } from "../service/reads/poller.ts";
import { type EngineLog, type Severity, stackOf } from "./engine-log.ts";
import { type Environment, type Settings, readSettings, toList, toLovelace } from "./settings.ts";
import { Spending } from "./spending.ts";
import { readStackLimits } from "./stack-limits.ts";
import type { ApiKeyStatus, PaymentSource } from "../service/client/wire.ts";

/** After this time what a wallet holds counts as not told. */
const HOLDING_TOLD_WITHIN_MS = 120_000;

type FileLimits = Partial<Pick<Settings, "allowDeregister" | "maxLovelace">>;

/** What decides by which rule a burn is judged. */
interface OfNetwork extends OfProgram {
  readonly network: Network;
}

export interface SessionOptions {
  /** Milliseconds until an answer of the service must be complete. Default: the client's. */
  readonly timeoutMs?: number | undefined;
  /** Default: this process's. */
  readonly env?: Environment;
  /** Where notes about requests are kept. Default: the nearest folder with a Pulumi.yaml at or above the working directory. */
  readonly projectFolder?: string;
}

/**
 * What all resources of a provider host share during a run: settings, client, the view of the registry, and the record of
 * what this run has done.
 */
export class Session {
  readonly run = new RunRecord();
  readonly intents: IntentNotes;
  readonly spending: Spending;
  readonly #log: EngineLog;
  readonly #options: SessionOptions;
  readonly #projectFolder: string | undefined;
  #settings: Promise<Settings> | undefined;
  #facts: RunFacts | undefined;
  #readingFacts: Promise<RunFacts | undefined> | undefined;
  #client: MasumiClient | undefined;
  #walletTokens: WalletTokens | undefined;
  #keyStatus: Promise<ApiKeyStatus> | undefined;
  #sources: Promise<readonly PaymentSource[]> | undefined;
  readonly #views = new Map<string, RegistryView>();
  /** The lists of the views, and all of them in one. */
  readonly #joined = new Map<
    Network,
    { readonly lists: readonly (readonly Row[])[]; readonly rows: readonly Row[] }
  >();
  readonly #payments = new Map<string, PaymentView>();
  #programUntold: Promise<boolean> | undefined;
  #secrets: readonly string[] = [];
  readonly #done = new Set<string>();

  constructor(log: EngineLog, options: SessionOptions = {}) {
    this.#log = log;
    this.#options = options;
    const projectFolder = options.projectFolder ?? findProjectFolder(process.cwd());
    this.#projectFolder = projectFolder;
    this.intents = new IntentNotes(projectFolder);
    this.spending = new Spending({
      projectFolder,
      env: options.env ?? process.env,
      isDestroy: (burn) => this.isDestroy(burn),
      settings: (payer) => this.limitedSettings(payer),
      facts: () => this.#runFacts(),
      keyId: () =>
        this.keyStatus().then(
          ({ id }) => id ?? undefined,
          () => undefined,
        ),
      warn: (urn, message) => this.note("warning", urn, message),
    });
  }

  /**
   * Stores the settings. The promise is stored before anything is awaited, because the host lets other calls through while the
   * first one is still configuring. Invalid settings are reported by what needs them, so `check` works without.
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

  /**
   * Returns the settings with this run's limits. If the program has no agent any more, the engine configures the provider from the
   * state, with the settings of an earlier run: then the limits are what this run's program left or, of a program of one's own, what
   * the stack's file says.
   *
   * @param of what is about to be burned or paid for
   * @throws SettingsError
   */
  async limitedSettings(of: OfProgram = {}): Promise<Settings> {
    const settings = await this.settings();
    const facts = await this.#runFacts();
    if (facts) {
      const { allowDeregister, maxAda } = facts;
      return { ...settings, allowDeregister, maxLovelace: toLovelace("masumi:maxAda", maxAda) };
    }
    return this.run.programSeen ? settings : { ...settings, ...(await this.#fileLimits(of)) };
  }

  /** Read again until there is a program, too. */
  async #fileLimits({ __programUntold: isUntold, resourceUrn = "" }: OfProgram): Promise<FileLimits> {
    const stack = (await this.#log.stack()) ?? (isUntold ? stackOf(resourceUrn) : undefined);
    if (this.#projectFolder === undefined || stack === undefined) return {};
    const limits = await readStackLimits(this.#projectFolder, stack);
    const [names, ada] = ["masumi:allowDeregister", "masumi:maxAda"] as const;
    return {
      ...(limits.has(names) ? { allowDeregister: toList(names, limits.get(names)) } : {}),
      ...(limits.has(ada) ? { maxLovelace: toLovelace(ada, limits.get(ada)) } : {}),
    };
  }

  /** Read again until they are there: a refresh may precede the program. Who asks while they are read shares that, as a thousand burns do. */
  async #runFacts(): Promise<RunFacts | undefined> {
    if (this.#facts) return this.#facts;
    this.#readingFacts ??= readRunFacts(this.#projectFolder, this.#log.address).finally(() => {
      this.#readingFacts = undefined;
    });
    this.#facts = await this.#readingFacts;
    return this.#facts;
  }

  /** @throws SettingsError */
  async client(): Promise<MasumiClient> {
    const { url, apiKey } = await this.settings();
    this.#secrets = [apiKey];
    this.#client ??= new MasumiClient({
      url,
      token: apiKey,
      timeoutMs: this.#options.timeoutMs,
      onSlow: (message) => this.#log.note({ severity: "info", message, ephemeral: true }),
    });
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

  /** Returns every registration of the network, V1 and V2, as of at most `maxAgeMs` ago; the same array until something changes. */
  async allRows(network: Network, maxAgeMs: number): Promise<readonly Row[]> {
    const views = await Promise.all([this.view(network, "V1"), this.view(network, "V2")]);
    await Promise.all(views.map((view) => view.rows(maxAgeMs)));
    const lists = views.map(({ list }) => list);
    const known = this.#joined.get(network);
    if (known && lists.every((list, index) => list === known.lists[index])) return known.rows;
    const rows = lists.flat();
    this.#joined.set(network, { lists, rows });
    return rows;
  }

  /**
   * Throws if the last read of the network skipped an entry that may be the registration of an agent.
   *
   * @throws RegistrationError ENTRY_NOT_UNDERSTOOD
   */
  async assertUnderstood(network: Network, isMeant: (entry: SkippedEntry) => boolean): Promise<void> {
    const views = await Promise.all([this.view(network, "V1"), this.view(network, "V2")]);
    const skipped = views.flatMap((view) => [...view.skipped]).find(isMeant);
    if (skipped) throw notUnderstood(skipped);
  }

  /** Returns how many rows the last complete lists of the network lacked, according to the service's own counts. */
  async missingRows(network: Network): Promise<number> {
    const views = await Promise.all([this.view(network, "V1"), this.view(network, "V2")]);
    return views.reduce((sum, { missing }) => sum + missing, 0);
  }

  async #tokens(): Promise<WalletTokens> {
    const client = await this.client();
    this.#walletTokens ??= new WalletTokens(client);
    return this.#walletTokens;
  }

  /** Returns the tokens in a registration's wallet, if known; see {@link WalletTokens}. */
  async tokensBeside(row: Row, network: Network, rows: readonly Row[]): Promise<TokenTags | undefined> {
    return (await this.#tokens()).beside(row, network, rows);
  }

  /** Returns what a wallet holds, if that is told; see {@link WalletTokens}. */
  async holdingOf(
    wallet: SellingWallet,
    type: WalletType,
    rows: readonly Row[],
    { fresh = false, unreadable = false } = {},
  ): Promise<Holding | undefined> {
    const tokens = await this.#tokens();
    const signal = AbortSignal.timeout(HOLDING_TOLD_WITHIN_MS);
    const found = await tokens.of(wallet, rows, { fresh, unreadable, signal });
    if (found || wallet.contract) return found;
    // Without a contract the service looks at its own default source alone.
    const contract = await this.contractOf(wallet.network, type);
    return contract === undefined
      ? undefined
      : tokens.of({ ...wallet, contract }, rows, { fresh, unreadable, signal });
  }

  /** Returns whether the service reads the tokens of registrations of a type; see {@link WalletTokens}. */
  async readsTokens(type: ListingType, network: Network, rows: readonly Row[]): Promise<boolean> {
    const signal = AbortSignal.timeout(HOLDING_TOLD_WITHIN_MS);
    return (await this.#tokens()).reads(type, network, rows, { signal });
  }

  /** Returns whether a person wants what the service does not show of one of these agents or registrations to be forgotten. */
  async forgets(...ids: readonly string[]): Promise<boolean> {
    return isForgotten((await this.settings()).forget, ...ids);
  }

  /** Returns the contract of the only payment source of a type, by which its wallets are asked for; undefined if unclear. */
  async contractOf(network: Network, type: WalletType): Promise<string | undefined> {
    this.#sources ??= this.client().then((client) => client.paymentSources());
    const sources = await this.#sources.catch(() => []);
    const found = sources.filter(
      (source) => source.network === network && source.paymentSourceType === `Web3Cardano${type}`,
    );
    return found.length === 1 ? found[0]?.smartContractAddress : undefined;
  }

  /** Returns what the API key may do; requested once. @throws ServiceError, RefusedError, SettingsError */
  async keyStatus(): Promise<ApiKeyStatus> {
    const client = await this.client();
    this.#keyStatus ??= client.apiKeyStatus().catch((error: unknown) => {
      this.#keyStatus = undefined;
      throw error;
    });
    return this.#keyStatus;
  }

  /**
   * Checks before anything is spent that the key can do no more than a deployment needs. Off Mainnet an admin key draws a warning,
   * once per run.
   *
   * @throws SettingsError ADMIN_KEY_REFUSED; on Mainnet ServiceError, RefusedError if the service does not say what the key may do
   */
  async checkAdminKey(network: Network, urn: string | undefined): Promise<void> {
    const isMainnet = network === "Mainnet";
    if (!isMainnet && !this.isFirst("admin key")) return;
    const status = await this.keyStatus().catch((error: unknown) => {
      if (isMainnet) throw error;
      return undefined;
    });
    const refusal = status && adminKeyProblem("The API key", status, network);
    if (refusal) throw refusal;
    if (!status?.canAdmin) return;
    this.note(
      "warning",
      urn,
      "The API key is an admin key, with which anyone can empty the service's wallets. A ReadAndPay key limited to the " +
        "selling wallets is enough here.",
    );
  }

  /**
   * Returns whether a burn is to be judged as that of a run which only removes what there is. A program that has lost its last agent
   * checks none either, so the engine is asked whether there is a program. If the program's language does not let it know, the burn is
   * held to the stricter of both rules: that of a destroy on Mainnet, elsewhere that of any other run.
   */
  async isDestroy({ network, __programUntold: isUntold }: OfNetwork): Promise<boolean> {
    if (this.run.programSeen) return false;
    if ((await this.#log.hasProgram()) === true) return false;
    return isUntold !== true || network === "Mainnet";
  }

  /** Returns whether the engine knows of no program, although one takes part. Asked while the program's resources are checked. */
  async isProgramUntold(): Promise<boolean> {
    this.#programUntold ??= this.#log.hasProgram().then((hasProgram) => hasProgram === false);
    return this.#programUntold;
  }

  /** Returns whether this is the first call with `what` in this run. */
  isFirst(what: string): boolean {
    const isFirst = !this.#done.has(what);
    this.#done.add(what);
    return isFirst;
  }

  /** Shows a message under a resource. */
  note(severity: Severity, urn: string | undefined, message: string): void {
    this.#log.note({ severity, urn, message: maskSecrets(message, this.#secrets) });
  }

  /** Shows what a resource waits for, until the next such message. */
  progress(urn: string | undefined, message: string): void {
    this.#log.note({
      severity: "info",
      urn,
      message: maskSecrets(message, this.#secrets),
      ephemeral: true,
    });
  }

  /** Waits until all messages have been shown. */
  async flush(): Promise<void> {
    await this.#log.flush();
  }

  /** @throws RegistrationError RUN_ENDED if the engine is gone and nobody would learn what is done now */
  async assertRunAlive(): Promise<void> {
    if (await this.#log.isRunAlive()) return;
    throw new RegistrationError({
      code: "RUN_ENDED",
      what: "The run was interrupted while this was in progress.",
    });
  }
}
