import { z } from "zod";

/* What the crew runtime says of a job that is tried (crew/src/crew_runtime/try_out/conversation.py). */

const usage = { model_calls: z.int(), tokens: z.int() };
const ended = { ...usage, seconds: z.number() };

/** What is known of a failure; an older or newer runtime may know less or more (crew/src/crew_runtime/job/failure_report.py). */
export const failureReport = z.object({
  detail: z.string().optional(),
  exception: z.string().optional(),
  at: z.string().optional(),
  task: z.string().optional(),
  agent: z.string().optional(),
  tool_failure: z.string().optional(),
  tool_message: z.string().optional(),
  model_url: z.string().optional(),
  model_status: z.number().optional(),
  model_message: z.string().optional(),
  model_answers: z.array(z.string()).optional(),
});
export type FailureReport = z.output<typeof failureReport>;

export const tryEvent = z.discriminatedUnion("event", [
  z.object({ event: z.literal("task"), task: z.string() }),
  z.object({
    event: z.literal("tool_failed"),
    tool_failure: z.string(),
    tool_message: z.string().default(""),
  }),
  z.object({ event: z.literal("model_called"), ...usage }),
  z.object({ event: z.literal("asked"), prompt: z.string(), is_draft: z.boolean() }),
  z.object({
    event: z.literal("completed"),
    result: z.string(),
    /** Why the result is not JSON of the schema that the job was given with. */
    schema_problem: z.string().nullish(),
    ...ended,
  }),
  z.object({
    event: z.literal("failed"),
    failure: z.string(),
    message: z.string(),
    report: failureReport,
    ...ended,
  }),
  z.object({ event: z.literal("refused"), problems: z.array(z.string()) }),
  z.object({ event: z.literal("cancelled") }),
]);
export type TryEvent = z.output<typeof tryEvent>;

/** How a job that was tried ended. */
export type TryEnd = Extract<TryEvent, { event: "completed" | "failed" | "refused" | "cancelled" }>;

export const isEnd = (event: TryEvent): event is TryEnd =>
  ["completed", "failed", "refused", "cancelled"].includes(event.event);
