import { z } from "zod";

/** Version of the lines that this program writes; docs/outputs.md documents them. */
export const LEDGER_VERSION = 1;

/** A request that costs. */
export type SpendKind = "register" | "update" | "deregister";

/** Who made a request, as far as the machine tells; never a key. */
export const author = z.object({
  /** Id of the payment service's API key. */
  keyId: z.string().nullable(),
  /** Author of the project's last commit, and its hash. */
  gitAuthor: z.string().nullable(),
  gitCommit: z.string().nullable(),
  /** `user@host` */
  user: z.string().nullable(),
  /** Variables of the CI system, such as GITHUB_ACTOR and GITHUB_RUN_ID. */
  ci: z.record(z.string(), z.string()),
});
export type Author = z.output<typeof author>;

const entry = z.object({
  version: z.literal(LEDGER_VERSION),
  id: z.string().min(1),
  /** ISO-8601, UTC, this machine's clock. */
  time: z.iso.datetime(),
  /**
   * `sent` is written before a request, `answered`, `refused` or `lost` after it. `confirmed` and `failed` say what became of it on
   * the chain; `adopted`: a registration was taken over, and nothing was sent.
   */
  event: z.enum(["sent", "answered", "refused", "lost", "adopted", "confirmed", "failed"]),
  kind: z.enum(["register", "update", "deregister"]),
  /** Id of the request, the same in all its lines; null where the line is about the chain. */
  request: z.string().nullable(),
  stack: z.string(),
  network: z.enum(["Preprod", "Mainnet"]),
  owner: z.string(),
  agent: z.string(),
  walletVkey: z.string(),
  walletType: z.enum(["V1", "V2"]),
  /** "" as long as the payment service has not given it. */
  registrationId: z.string(),
  agentIdentifier: z.string(),
  txHash: z.string(),
  /** Fee of the whole transaction, which the agents of one V2 batch share; "" if unknown. */
  feeLovelace: z.string().regex(/^\d*$/),
  /** ADA that is locked with the token; of a confirmed deregistration: that was released. "" if unknown. */
  lockedLovelace: z.string().regex(/^\d*$/),
  /** Id of the run: all lines of one up or destroy have the same. */
  run: z.string(),
  /** Checksum of the run's plan; null if there is none, as in a destroy. */
  plan: z.string().nullable(),
  by: author,
});

/** One line of the ledger. */
export type LedgerEntry = z.output<typeof entry>;

/** Lines as they were read. */
export interface LedgerLines {
  readonly entries: readonly LedgerEntry[];
  /** Lines of another version of this program, by version. */
  readonly otherVersions: ReadonlyMap<string, number>;
  /** Number of lines that are no entry of any version, such as one that a power failure cut off. */
  readonly unreadable: number;
}

/** All that a line of any version has. */
const versioned = z.object({ version: z.union([z.number(), z.string()]) });

type Read = { readonly entry: LedgerEntry } | { readonly version: string } | "unreadable";

function readLine(line: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "unreadable";
  }
  const { data: known } = versioned.safeParse(value);
  if (!known) return "unreadable";
  if (known.version !== LEDGER_VERSION) return { version: String(known.version) };
  const checked = entry.safeParse(value);
  return checked.success ? { entry: checked.data } : "unreadable";
}

/** Returns what a ledger's text says. Lines that this version does not understand are counted, not guessed at. */
export function parseLedger(text: string): LedgerLines {
  const read = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(readLine);
  const otherVersions = new Map<string, number>();
  for (const line of read) {
    if (line === "unreadable" || !("version" in line)) continue;
    otherVersions.set(line.version, (otherVersions.get(line.version) ?? 0) + 1);
  }
  return {
    entries: read.flatMap((line) => (line !== "unreadable" && "entry" in line ? [line.entry] : [])),
    otherVersions,
    unreadable: read.filter((line) => line === "unreadable").length,
  };
}

/** Returns an entry as a line, without its end. */
export const formatEntry = (line: LedgerEntry): string => JSON.stringify(line);
