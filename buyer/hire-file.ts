import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeAtomicallySync } from "../providers/common/atomic-write.ts";
import { z } from "zod";
import { HireError } from "./hire-error.ts";
import { type PurchaseBody, purchaseBody } from "./purchase-wire.ts";

const common = {
  version: z.literal(1),
  id: z.string(),
  stack: z.string(),
  /** The payment service, where it was named; else it is the stack's. */
  paymentService: z.string().optional(),
  agent: z.object({
    url: z.string(),
    name: z.string(),
    /** Of an agent of a stack of one's own. */
    id: z.string().exactOptional(),
    agentIdentifier: z.string().exactOptional(),
    walletVkey: z.string().exactOptional(),
  }),
  startedAt: z.string(),
};

const hireFile = z.object({
  ...common,
  jobId: z.string(),
  /** What the job costs, for people; null for a free one. */
  price: z.string().nullable(),
  /** Free jobs have none. */
  purchase: purchaseBody.optional(),
});

const orderFile = z.object({
  ...common,
  order: z.object({
    nonce: z.string(),
    /** The secret by which the agent gives the job again, should its answer be lost. */
    key: z.string(),
    input: z.record(z.string(), z.unknown()),
    limits: z.array(z.object({ unit: z.string(), amount: z.string() })),
    maxDays: z.number(),
  }),
});

/**
 * All that is needed to go on with a job, written before anything is paid, in the file <id>.json of the hires' folder. There is
 * neither a key nor an input, an answer or a result in it.
 */
export type Hire = z.output<typeof hireFile>;

/** What the agent is asked, in the same file until its answer is there: without it, the job of a lost answer would be lost. */
export type Order = z.output<typeof orderFile>;

export const isOrder = (file: Hire | Order): file is Order => "order" in file;
export type PaidHire = Hire & { readonly price: string; readonly purchase: PurchaseBody };

export const isPaid = (hire: Hire): hire is PaidHire => hire.purchase !== undefined && hire.price !== null;

/** Return a short name for a hire, from the nonce that a paid job has anyway. */
export const hireId = (purchaser: string): string => purchaser.slice(0, 8);

/** Write a hire's file, for this user alone, as a whole or not at all. */
export function saveHire(folder: string, hire: Hire | Order): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${hire.id}.json`);
  writeAtomicallySync(file, `${JSON.stringify(hire, null, 2)}\n`, 0o600);
}

/** Remove the file of an order that has come to nothing. */
export function removeOrder(folder: string, { id }: Order): void {
  rmSync(join(folder, `${id}.json`), { force: true });
}

/** Return the ids of all hires of a folder. */
export function hireIds(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith(".json"))
      .map((file) => file.slice(0, -".json".length))
      .toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Return a hire by its id. @throws HireError HIRE_UNKNOWN */
export function loadHire(folder: string, id: string): Hire | Order {
  const known = hireIds(folder);
  if (!known.includes(id)) {
    throw new HireError(
      "HIRE_UNKNOWN",
      `There is no hire ${JSON.stringify(id)} in ${folder}.`,
      `There are: ${known.join(", ") || "none"}.`,
    );
  }
  const file = join(folder, `${id}.json`);
  const checked = z.union([hireFile, orderFile]).safeParse(parsed(readFileSync(file, "utf8")));
  if (checked.success) return checked.data;
  throw new HireError("HIRE_UNKNOWN", `${file} is not a hire file of this version.`, "Remove it.");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
