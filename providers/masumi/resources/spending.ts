import { randomUUID } from "node:crypto";
import { formatAda } from "../../common/amounts.ts";
import { spendOf } from "../service/costs.ts";
import { RegistrationError } from "../service/errors.ts";
import { mainnetProblems } from "../service/rules/mainnet.ts";
import {
  type Author,
  LEDGER_VERSION,
  LedgerBucket,
  LedgerCopy,
  type LedgerEntry,
  type RunFacts,
  type SpendKind,
  appendEntry,
  findAuthor,
  ledgerPath,
  ledgerPlace,
  readLedgerFile,
  unsentWarning,
} from "../service/ledger/index.ts";
import type { OfProgram } from "./inputs.ts";
import type { BucketSettings } from "../../s3/index.ts";
import type { Network, Row, WalletType } from "../service/model.ts";

/** What a request is for. */
export interface Subject {
  readonly agentId: string;
  readonly network: Network;
  readonly wallet: { readonly vkey: string; readonly type: WalletType };
  readonly resourceUrn?: string | undefined;
}

/** What a request that costs is for. Agents of different owners may have the same id. */
interface Payer extends Subject, OfProgram {
  readonly marker: string;
}

/** The settings of the stack that the ledger needs. */
export interface SpendingSettings {
  /** masumi:confirmMainnet */
  readonly confirmMainnet: boolean;
  /** masumi:maxAda in lovelace: what a run may take from the wallets; undefined if there is no limit. */
  readonly maxLovelace: bigint | undefined;
  /** masumi:owner */
  readonly owner: string;
  /** masumi:ledger: the bucket to which the lines go too; undefined if there is none. */
  readonly ledger: BucketSettings | undefined;
  /** What a bucket has no settings of its own for: aws:region (or AWS_REGION) and aws:profile. */
  readonly aws: { readonly region: string | undefined; readonly profile: string | undefined };
}

/** What the ledger needs of its run. */
export interface SpendingRun {
  readonly projectFolder: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  isDestroy(burn: Payer): Promise<boolean>;
  settings(payer?: OfProgram): Promise<SpendingSettings>;
  /** What its program left for it. */
  facts(): Promise<RunFacts | undefined>;
  keyId(): Promise<string | undefined>;
  warn(urn: string | undefined, message: string): void;
}

/** The lines of one request in the ledger. Only the one before it can stop it. */
export interface SpendRequest {
  /** @throws RegistrationError LEDGER_NOT_WRITABLE on Mainnet; elsewhere it warns */
  send(): Promise<void>;
  answered(row: Row): Promise<void>;
  /** The service said no: nothing was spent. */
  refused(): Promise<void>;
  /** What became of it is unknown. */
  lost(): Promise<void>;
}

type Facts = Pick<LedgerEntry, "event" | "kind"> & Partial<LedgerEntry>;

/** Keeps a run within masumi:maxAda, and writes what it spends to the project's ledger. */
export class Spending {
  readonly #run: SpendingRun;
  readonly #id = randomUUID();
  /** What the run may have spent, by request; asking again for the same counts once. */
  readonly #committed = new Map<string, bigint>();
  #by: Promise<Author> | undefined;
  #settled: Promise<Set<string>> | undefined;
  #copy: Promise<LedgerCopy | undefined> | undefined;
  #hasWarned = false;

  constructor(run: SpendingRun) {
    this.#run = run;
  }

  /**
   * Returns the ledger's lines for a request that is about to be made.
   *
   * @throws RegistrationError MAINNET_NOT_CONFIRMED, SPENDING_LIMIT
   */
  async request(kind: SpendKind, subject: Payer, registrationId = ""): Promise<SpendRequest> {
    const settings = await this.#run.settings(subject);
    // A destroy only releases ADA, and has permissions of its own.
    const isFree = kind === "deregister" && (await this.#run.isDestroy(subject));
    if (!isFree) this.#commit(kind, subject, registrationId, settings);
    const request = randomUUID();
    const about = { kind, request, registrationId };
    let isSent = false;
    const after = async (event: LedgerEntry["event"], more: Partial<LedgerEntry> = {}) => {
      if (isSent) await this.#note(subject, { ...about, event, ...more });
    };
    return {
      send: async () => {
        await this.#write(subject, { ...about, event: "sent" });
        isSent = true;
      },
      answered: (row) => after("answered", { registrationId: row.id }),
      refused: () => after("refused"),
      lost: () => after("lost"),
    };
  }

  #commit(
    kind: SpendKind,
    { agentId, marker, network, wallet }: Payer,
    registrationId: string,
    { confirmMainnet, maxLovelace: limit }: SpendingSettings,
  ): void {
    // Checked for each registration instead, which may differ from the stack's masumi:allowPrivateUrls.
    const allowPrivateUrls = false;
    const problems = mainnetProblems({ network, confirmMainnet, maxAda: limit, allowPrivateUrls });
    if (problems.length > 0) {
      const what = `Nothing was sent to ${kind} ${agentId}: ${problems.join("; ")}.`;
      throw new RegistrationError({ code: "MAINNET_NOT_CONFIRMED", what });
    }
    const key = `${kind} ${network} ${marker} ${registrationId}`;
    if (this.#committed.has(key)) return;
    const cost = spendOf(kind, wallet.type);
    const total = [...this.#committed.values()].reduce((sum, one) => sum + one, cost);
    if (limit !== undefined && total > limit) {
      throw new RegistrationError({
        code: "SPENDING_LIMIT",
        what:
          `To ${kind} ${agentId} may take ${formatAda(cost)} ADA, with which this run would reach ${formatAda(total)} ADA; ` +
          `masumi:maxAda is ${formatAda(limit)}. Nothing was sent for it.`,
      });
    }
    this.#committed.set(key, cost);
  }

  /** Notes that a registration was taken over, for which nothing was sent. */
  async adopted(subject: Subject, row: Row): Promise<void> {
    await this.#once("adopted", subject, row, "register");
  }

  /** Notes what a final state says of its transaction, unless the ledger has it. */
  async settled(subject: Subject, row: Row): Promise<void> {
    const kind = KINDS.find(([prefix]) => row.state.startsWith(prefix))?.[1];
    const event = row.state.endsWith("Failed") ? "failed" : "confirmed";
    if (kind && /(Confirmed|Failed)$/.test(row.state)) await this.#once(event, subject, row, kind);
  }

  async #once(event: LedgerEntry["event"], subject: Subject, row: Row, kind: SpendKind): Promise<void> {
    const { agentIdentifier, txHash, feeLovelace, lockedLovelace } = row;
    const line = {
      event,
      kind,
      registrationId: row.id,
      agentIdentifier,
      txHash,
      feeLovelace,
      lockedLovelace,
    };
    const known = await this.#known();
    if (known.has(keyOf(line))) return;
    known.add(keyOf(line));
    await this.#note(subject, line);
  }

  /** What the ledger has already, read once a run: a fleet confirms a thousand registrations. */
  #known(): Promise<Set<string>> {
    this.#settled ??= this.#readSettled().catch(() => new Set<string>());
    return this.#settled;
  }

  async #readSettled(): Promise<Set<string>> {
    const { projectFolder } = this.#run;
    if (projectFolder === undefined) return new Set();
    const { entries } = await readLedgerFile(ledgerPath(projectFolder));
    return new Set(entries.map(keyOf));
  }

  /** Money has been spent: whatever is wrong with the ledger, the run goes on. */
  async #note(subject: Subject, facts: Facts): Promise<void> {
    try {
      await this.#append(subject, facts);
    } catch (error) {
      this.#warn(subject, error);
    }
  }

  async #write(subject: Subject, facts: Facts): Promise<void> {
    try {
      await this.#append(subject, facts);
    } catch (error) {
      if (subject.network !== "Mainnet") return this.#warn(subject, error);
      throw new RegistrationError({
        code: "LEDGER_NOT_WRITABLE",
        what: `What is spent on ${subject.agentId} cannot be written down, so nothing was sent: ${reasonOf(error)}.`,
      });
    }
  }

  #warn({ resourceUrn }: Subject, error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#run.warn(resourceUrn, `.masumi/ledger.jsonl lacks what this run spends: ${reasonOf(error)}.`);
  }

  async #append({ agentId, network, wallet, resourceUrn }: Subject, facts: Facts): Promise<void> {
    const { projectFolder, env } = this.#run;
    if (projectFolder === undefined) throw new Error("there is no Pulumi.yaml in this folder or above it");
    this.#by ??= Promise.all([this.#run.keyId(), findAuthor(projectFolder, env)]).then(([keyId, author]) => ({
      keyId: keyId ?? null,
      ...author,
    }));
    const { owner } = await this.#run.settings();
    const left = await this.#run.facts();
    const entry: LedgerEntry = {
      version: LEDGER_VERSION,
      id: randomUUID(),
      time: new Date().toISOString(),
      request: null,
      stack: resourceUrn?.split(":")[2] ?? "",
      network,
      owner,
      agent: agentId,
      walletVkey: wallet.vkey,
      walletType: wallet.type,
      registrationId: "",
      agentIdentifier: "",
      txHash: "",
      feeLovelace: "",
      lockedLovelace: "",
      run: this.#id,
      plan: left?.plan ?? null,
      ...facts,
      by: await this.#by,
    };
    await appendEntry(ledgerPath(projectFolder), entry);
    await this.#send(entry, projectFolder, resourceUrn);
  }

  /** The line is on this machine already: a bucket that cannot be written stops nothing. */
  async #send(entry: LedgerEntry, projectFolder: string, urn: string | undefined): Promise<void> {
    try {
      this.#copy ??= this.#openCopy(projectFolder, urn);
      await (await this.#copy)?.send(entry);
    } catch (error) {
      this.#run.warn(urn, unsentWarning(error));
    }
  }

  async #openCopy(projectFolder: string, urn: string | undefined): Promise<LedgerCopy | undefined> {
    const { ledger, aws } = await this.#run.settings();
    const [, , stack, project] = urn?.split(":").filter((part) => part !== "") ?? [];
    if (!ledger || !stack || !project) return undefined;
    const bucket = new LedgerBucket(ledgerPlace(ledger, { project, stack, ...aws }));
    return new LedgerCopy({ projectFolder, bucket, stack });
  }
}

const KINDS = [
  ["Registration", "register"],
  ["Update", "update"],
  ["Deregistration", "deregister"],
] as const;

const keyOf = ({ event, kind, registrationId, txHash }: Partial<LedgerEntry>): string =>
  `${event} ${kind} ${registrationId} ${event === "adopted" ? "" : txHash}`;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
