import { z } from "zod";

/*
 * What an agent answers (MIP-003), read leniently: agents of other makers leave out or add fields. All that money depends
 * on is checked against the registry and the purchase afterwards.
 */

const text = z.string();
const milliseconds = z
  .union([z.int().min(0), z.string().regex(/^\d{1,16}$/)])
  .transform(Number)
  .nullish();
const hex = z
  .string()
  .regex(/^[0-9a-fA-F]+$/)
  .transform((digits) => digits.toLowerCase());

export const availability = z.object({
  status: text.nullish(),
  message: text.nullish(),
  agentIdentifier: text.nullish(),
});

const rule = z.object({ validation: text, value: z.union([z.string(), z.number(), z.boolean()]) });
const field = z.object({
  id: text.min(1),
  type: text,
  name: text.nullish(),
  data: z.looseObject({ values: z.array(text).nullish() }).nullish(),
  validations: z.array(rule).nullish(),
});
export type Field = z.output<typeof field>;

/** GET /input_schema: fields, or groups of them. */
export const inputSchema = z
  .object({
    input_data: z.array(field).nullish(),
    input_groups: z.array(z.object({ input_data: z.array(field) })).nullish(),
  })
  .transform(({ input_data, input_groups }) => [
    ...(input_data ?? []),
    ...(input_groups ?? []).flatMap((group) => group.input_data),
  ]);

const amount = z.object({
  amount: z.union([z.string().regex(/^\d+$/), z.int().min(0).transform(String)]),
  unit: text,
});
export const amounts = z.array(amount);

/** GET /payment_information; the price is in it for people only, since the registry's counts. */
export const paymentInformation = z.object({
  agentIdentifier: text,
  sellerVKey: hex.nullish(),
  network: text.nullish(),
  pricing: z.object({ pricingType: text, Pricing: amounts.nullish() }).nullish(),
  paymentSourceType: text.nullish(),
  supportedPaymentSourceIndex: z.int().min(0).max(24).nullish(),
});
export type PaymentInformation = z.output<typeof paymentInformation>;

const extension = z.object({ params: z.looseObject({ disclosure: text.nullish() }).nullish() });

/** GET /.well-known/agent-card.json: what the agent tells of itself being an AI, in the extension that is MIP-003. */
export const agentCard = z
  .object({ capabilities: z.object({ extensions: z.array(extension).nullish() }).nullish() })
  .transform(({ capabilities }) =>
    capabilities?.extensions?.map(({ params }) => params?.disclosure).find(Boolean),
  );

/** POST /start_job: older agents call the job's id `job_id`; free jobs have nothing else. */
export const startedJob = z
  .object({
    id: text.nullish(),
    job_id: text.nullish(),
    blockchainIdentifier: text.nullish(),
    agentIdentifier: text.nullish(),
    sellerVKey: hex.nullish(),
    identifierFromPurchaser: text.nullish(),
    input_hash: hex.nullish(),
    payByTime: milliseconds,
    submitResultTime: milliseconds,
    unlockTime: milliseconds,
    externalDisputeUnlockTime: milliseconds,
    supportedPaymentSourceIndex: z.int().min(0).max(24).nullish(),
    amounts: amounts.nullish(),
  })
  .transform(({ id, job_id: oldId, ...job }) => ({ ...job, jobId: id || oldId || "" }))
  .refine(({ jobId }) => jobId !== "", "it names no job");
export type StartedJob = z.output<typeof startedJob>;

export const JOB_STATUSES = ["awaiting_payment", "awaiting_input", "running", "completed", "failed"] as const;

/** GET /status */
export const jobStatus = z.object({
  status: text,
  result: text.nullish(),
  error: text.nullish(),
  message: text.nullish(),
  /** Of the status, so that an answer can name the question it is for. */
  id: text.nullish(),
  /** What the agent asks, as it spells it: an answer may have to name it by its hash. */
  input_schema: z.unknown().optional(),
});
export type JobStatus = z.output<typeof jobStatus>;

/** POST /provide_input */
export const providedInput = z.object({ input_hash: hex.nullish() });

/** What an agent says about a refusal, whoever made it. */
export const refusal = z.object({
  message: text.nullish(),
  detail: text.nullish(),
  error: text.nullish(),
  problems: z.array(text).nullish(),
});
