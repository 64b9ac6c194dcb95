import { z } from "zod";
import type { Network } from "../chain/cardano.ts";
import type { Faults } from "../faults.ts";
import type { SimulatedChain } from "../simulated-chain.ts";
import type { Unordered } from "../shuffle.ts";
import type { Store } from "../store/store.ts";
import { type Key, pathText, type World } from "../world.ts";
import { badRequest, unauthorized } from "./errors.ts";

/** What every endpoint works on. */
export interface Service {
  readonly world: World;
  readonly store: Store;
  readonly chain: SimulatedChain;
  readonly faults: Faults;
  /** The service's own clock in milliseconds, for stamps. */
  readonly now: () => number;
  readonly chainNow: () => number;
  /** Chain time as deadlines count it; see ChainClock. */
  readonly deadlineTime: () => number;
  readonly newId: () => string;
  /** Returns a list that has no order of its own in the order this reader gets. */
  readonly unordered: Unordered;
}

/** One request to one endpoint, after its key was accepted. */
export interface Call extends Service {
  readonly key: Key;
  /** Method and path, as faults name them. */
  readonly route: string;
}

export type Right = "none" | "read" | "pay" | "admin";

/** An endpoint with checked input: the query for GET, the body for the others. */
export interface Endpoint {
  readonly right: Right;
  /** Names of the input with the words that each may be, for the API document; undefined: anything else. */
  readonly parameters: Readonly<Record<string, readonly string[] | undefined>>;
  /** Returns what goes into `data`; throws ServiceError. */
  readonly handle: (input: unknown, call: Call) => unknown;
}

/** Endpoints by method and path: `POST /registry`. */
export type RouteTable = Readonly<Record<string, Endpoint>>;

export function endpoint<Shape extends z.ZodRawShape>(
  right: Right,
  schema: z.ZodObject<Shape>,
  handle: (input: z.output<z.ZodObject<Shape>>, call: Call) => unknown,
): Endpoint {
  return {
    right,
    parameters: Object.fromEntries(
      Object.entries(schema.shape).map(([name, field]) => [name, wordsOf(field)]),
    ),
    handle: (input, call) => {
      const parsed = schema.safeParse(input);
      if (!parsed.success) throw badRequest(describeIssues(parsed.error));
      return handle(parsed.data, call);
    },
  };
}

function wordsOf(field: z.core.$ZodType): readonly string[] | undefined {
  if (field instanceof z.ZodOptional) return wordsOf(field.unwrap());
  return field instanceof z.ZodEnum ? field.options.map(String) : undefined;
}

/** All problems in one message: `path: text; path: text`, in the order of the schema. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length > 0 ? `${pathText(issue.path)}: ${issue.message}` : issue.message))
    .join("; ");
}

export function requireNetwork(call: Call, network: Network): void {
  if (call.key.permission !== "Admin" && !call.key.networks.includes(network))
    throw unauthorized("network not allowed");
}

/** The vkeys a key may see; undefined = all. */
export const scopeOf = (key: Key): readonly string[] | undefined =>
  key.permission === "Admin" ? undefined : key.wallets;

/** A page from the cursor on, the cursor itself included. */
export function pageFrom<T extends { readonly id: string }>(
  all: readonly T[],
  take: number,
  cursorId?: string,
): T[] {
  const start = cursorId === undefined ? 0 : all.findIndex((one) => one.id === cursorId);
  return start < 0 ? [] : all.slice(start, start + take);
}
