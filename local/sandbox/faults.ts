import { z } from "zod";
import { ESCROW_OPERATIONS, type EscrowOperation, type Operation } from "./chain/cardano.ts";

const milliseconds = (fallback: number) => z.coerce.number().int().min(0).max(3_600_000).default(fallback);

/** What a fault of an answer has in common: which requests it hits, and how often. */
const onAnswers = {
  /** Method and path below /api/v1 ("POST /registry"), or "*" for every request to the service. */
  route: z
    .string()
    .regex(/^(\*|[A-Z]+ \/\S*)$/, 'expected a method and a path like "POST /registry", or "*"')
    .transform((route) => (route === "*" ? route : route.replace(/ .*/, (path) => path.toLowerCase()))),
  count: z.coerce.number().int().min(1).default(1),
};
const onErrors = {
  ...onAnswers,
  status: z.coerce
    .number()
    .pipe(z.literal([500, 502, 503]))
    .default(500),
  /** The service's own words, or a gateway's page. */
  body: z.enum(["json", "html"]).default("json"),
};
const onTransactions = {
  operation: z.enum(["Registration", "Update", "Deregistration", ...ESCROW_OPERATIONS]).optional(),
  /** Only transactions of an agent with this name. */
  name: z.string().optional(),
  count: z.coerce.number().int().min(1).default(1),
};

/** Faults that a test or a user scripts; README.md explains each. */
export const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("lost-before-write"), ...onAnswers }),
  z.strictObject({ kind: z.literal("lost-after-write"), ...onAnswers }),
  z.strictObject({ kind: z.literal("late-write"), ...onAnswers, ms: milliseconds(5_000) }),
  z.strictObject({ kind: z.literal("late-answer"), ...onAnswers, ms: milliseconds(5_000) }),
  z.strictObject({ kind: z.literal("slow"), ...onAnswers, ms: milliseconds(2_000) }),
  z.strictObject({ kind: z.literal("error-before-write"), ...onErrors }),
  z.strictObject({ kind: z.literal("error-after-write"), ...onErrors }),
  z.strictObject({
    kind: z.literal("rate-limit"),
    ...onAnswers,
    retryAfter: z.coerce.number().int().min(0).default(1),
  }),
  z.strictObject({ kind: z.literal("hang-before-write"), ...onAnswers }),
  z.strictObject({ kind: z.literal("hang-after-write"), ...onAnswers }),
  z.strictObject({
    kind: z.literal("not-json"),
    ...onAnswers,
    status: z.coerce.number().int().min(200).max(599).default(502),
  }),
  z.strictObject({ kind: z.literal("truncated-json"), ...onAnswers }),
  z.strictObject({
    kind: z.literal("oversize"),
    ...onAnswers,
    bytes: z.coerce.number().int().min(1).max(1_000_000_000).default(64_000_000),
  }),
  z.strictObject({ kind: z.literal("chain-down"), ...onAnswers }),
  z.strictObject({ kind: z.literal("hide-rows"), ...onAnswers, name: z.string().optional() }),
  z.strictObject({ kind: z.literal("drop-transaction"), ...onTransactions }),
  z.strictObject({
    kind: z.literal("fail-transaction"),
    ...onTransactions,
    error: z.string().min(1).optional(),
  }),
]);

export type Fault = z.output<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;
export type AnswerFault = Extract<Fault, { route: string }>;
type TransactionFault = Exclude<Fault, { route: string }>;

/** A fault that cannot be read, from the command line or a request. */
export class FaultError extends Error {
  readonly code = "SANDBOX_FAULT_INVALID";
  constructor(what: string) {
    super(
      `${what}. Write it like lost-after-write,route=POST /registry,count=1; local/sandbox/README.md lists the faults.`,
    );
    this.name = "FaultError";
  }
}

function checked(input: unknown, shown: string): Fault {
  const parsed = faultSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(
    (issue) => `${issue.path.join(".") || "fault"}: ${issue.message}`,
  );
  throw new FaultError(`The fault ${shown} cannot be used: ${complaints.join("; ")}`);
}

/** Reads `kind,name=value,…` or the same as a JSON object. */
export function parseFault(spec: string): Fault {
  if (spec.trim().startsWith("{")) {
    try {
      return checked(JSON.parse(spec), spec);
    } catch (error) {
      throw error instanceof FaultError ? error : new FaultError(`The fault ${spec} is not JSON`);
    }
  }
  const [kind, ...settings] = spec.split(",").map((part) => part.trim());
  const pairs = settings.map((setting) => {
    const at = setting.indexOf("=");
    if (at < 1) throw new FaultError(`The fault ${spec} has "${setting}" where name=value is expected`);
    return [setting.slice(0, at), setting.slice(at + 1)] as const;
  });
  return checked({ ...Object.fromEntries(pairs), kind }, spec);
}

/** Kinds that change what a request finds; the others change how it is answered. */
const IN_THE_WORK: ReadonlySet<Fault["kind"]> = new Set(["chain-down", "hide-rows"]);

const isAnswerFault = (fault: Fault): fault is AnswerFault => "route" in fault;

/** The faults that are still to happen, in the order in which they were given. */
export class Faults {
  #left: Fault[] = [];

  add(inputs: readonly unknown[]): void {
    this.#left.push(...inputs.map((input) => checked(input, JSON.stringify(input))));
  }

  clear(): void {
    this.#left = [];
  }

  get left(): readonly Fault[] {
    return this.#left;
  }

  #use<F extends Fault>(fault: F | undefined): F | undefined {
    if (!fault) return undefined;
    this.#left = this.#left.flatMap((other) => {
      if (other !== fault) return [other];
      return fault.count > 1 ? [{ ...fault, count: fault.count - 1 }] : [];
    });
    return fault;
  }

  /** The fault for one request to a route ("POST /registry"), taken off the list. */
  takeForAnswer(route: string): AnswerFault | undefined {
    return this.#use(
      this.#left.filter(isAnswerFault).find((fault) => !IN_THE_WORK.has(fault.kind) && matches(fault, route)),
    );
  }

  /** The rows that this request does not see: all, or those of agents with a name; undefined = it sees every row. */
  takeHiding(route: string): { readonly name: string | undefined } | undefined {
    const fault = this.#left
      .filter((one): one is Extract<Fault, { kind: "hide-rows" }> => one.kind === "hide-rows")
      .find((one) => matches(one, route));
    this.#use(fault);
    return fault && { name: fault.name };
  }

  /** Whether the chain cannot be reached while this request is worked on. */
  takeChainDown(route: string): boolean {
    const fault = this.#left
      .filter(isAnswerFault)
      .find((one) => one.kind === "chain-down" && matches(one, route));
    return this.#use(fault) !== undefined;
  }

  /** The fault for one transaction, taken off the list. */
  takeForTransaction(operation: Operation | EscrowOperation, name: string): TransactionFault | undefined {
    return this.#use(
      this.#left
        .filter((fault): fault is TransactionFault => !isAnswerFault(fault))
        .find((fault) => (fault.operation ?? operation) === operation && (fault.name ?? name) === name),
    );
  }
}

const matches = (fault: AnswerFault, route: string) => fault.route === "*" || fault.route === route;
