import { z } from "zod";

const price = z.object({ amount: z.string() });

/** A row as the sandbox's control routes show it; read here without any code of the provider. */
const rowSchema = z.object({
  id: z.string(),
  state: z.string(),
  error: z.string().nullable(),
  name: z.string(),
  type: z.string(),
  apiBaseUrl: z.string().nullable(),
  Tags: z.array(z.string()),
  AgentPricing: z.object({ Pricing: z.array(price).optional() }).nullable(),
  supportedPaymentSources: z
    .array(z.object({ pricing: z.object({ fixed: z.array(price).optional() }) }))
    .nullable(),
  SmartContractWallet: z.object({ walletVkey: z.string() }),
  agentIdentifier: z.string().nullable(),
});
export type Row = z.output<typeof rowSchema>;

const rowList = z.object({ rows: z.array(rowSchema) });
const walletList = z.array(z.object({ lockedLovelace: z.number() }));

const TIMEOUT_MS = 30_000;
/** Longer than any transaction takes, in seconds of the chain. */
const LONG_ENOUGH = 3_600;

/** Nothing of it is on the chain, and nothing will be. */
export const isOver = (state: string): boolean =>
  state === "RegistrationFailed" || state === "DeregistrationConfirmed";

/** Whether a token was minted for the row, or will be. */
export const isMinted = ({ state }: Pick<Row, "state">): boolean => state !== "RegistrationFailed";

export const priceOf = ({ AgentPricing, supportedPaymentSources }: Row): string =>
  [
    ...(AgentPricing?.Pricing ?? []),
    ...(supportedPaymentSources ?? []).flatMap(({ pricing }) => pricing.fixed ?? []),
  ]
    .map(({ amount }) => amount)
    .join(" ");

export const describeRow = (row: Row): string =>
  `${row.id} ${row.state} "${row.name}" price ${priceOf(row)} wallet ${row.SmartContractWallet.walletVkey.slice(0, 8)} ` +
  `token ${row.agentIdentifier ?? "none"} ${row.Tags.join(" ")}${row.error ? ` (${row.error})` : ""}`;

/** What the sandbox really has: its rows and its tokens. */
export class RunRecord {
  readonly #url: string;

  /** @param url origin of the sandbox */
  constructor(url: string) {
    this.#url = url;
  }

  /** Oldest first. */
  async rows(): Promise<Row[]> {
    return rowList.parse(await this.#ask("GET", "/rows")).rows;
  }

  /** Lovelace that lies beside live tokens. */
  async locked(): Promise<number> {
    const wallets = walletList.parse(await this.#ask("GET", "/wallets"));
    return wallets.reduce((sum, { lockedLovelace }) => sum + lockedLovelace, 0);
  }

  /** Replaces what is still to go wrong. */
  async setFaults(faults: readonly object[]): Promise<void> {
    await this.#ask("DELETE", "/faults");
    if (faults.length > 0) await this.#ask("POST", "/faults", { faults });
  }

  /** Lets every transaction that is under way come to its end. */
  async awaitEffect(): Promise<void> {
    await this.#ask("POST", "/clock", { advanceSeconds: LONG_ENOUGH });
  }

  /** A row that nobody asked for. */
  async insert(row: object): Promise<void> {
    await this.#ask("POST", "/rows", row);
  }

  async patch(id: string, fields: object): Promise<void> {
    await this.#ask("PATCH", `/rows/${id}`, fields);
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#url}/sandbox${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} /sandbox${path}: ${JSON.stringify(answer)}`);
    return answer;
  }
}
