import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { z } from "zod";
import { writeAtomicallySync } from "../../../providers/common/atomic-write.ts";

/*
 * How an agent did in its evaluations, as `masumi-agents eval` leaves it for `up`: one file an agent, on this machine alone. A
 * record is never committed (`standing.ts`), and holds no result of a job.
 */

const outcome = z.object({
  /** contains, jsonSchema, judge, maxTokens or maxSeconds; `job` if there was no result to check. */
  check: z.string(),
  /** null: not checked, because the stub model cannot judge. */
  passed: z.boolean().nullable(),
  /** What was found, in a sentence. */
  said: z.string(),
});

const evaluated = z.object({
  name: z.string(),
  passed: z.boolean(),
  tokens: z.int(),
  seconds: z.number(),
  checks: z.array(outcome),
});

const evalRecord = z.object({
  version: z.literal(1),
  agent: z.string(),
  stack: z.string(),
  /** What was evaluated: WhatRuns.evalDigest. */
  digest: z.string(),
  /** `api` is null for the stub model. */
  model: z.object({ api: z.string().nullable(), name: z.string() }),
  /** When it ended, by ISO 8601. */
  time: z.string(),
  evals: z.array(evaluated).min(1),
});

export type CheckOutcome = z.output<typeof outcome>;
export type Evaluated = z.output<typeof evaluated>;
export type EvalRecord = z.output<typeof evalRecord>;

/** The folder that records are below, as git ignores it. */
export const RECORDS_ROOT = ".masumi";

/** Returns where an agent's record is, relative to the project's folder. */
export const recordFile = (stack: string, agentId: string): string =>
  posix.join(RECORDS_ROOT, "evals", stack, `${agentId}.json`);

/** Returns an agent's record; undefined if there is none, or none that this version can read. */
export function readRecord(projectRoot: string, stack: string, agentId: string): EvalRecord | undefined {
  const file = join(projectRoot, recordFile(stack, agentId));
  if (!existsSync(file)) return undefined;
  try {
    return evalRecord.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Writes an agent's record in place of the one before. */
export function writeRecord(projectRoot: string, record: EvalRecord): void {
  const file = join(projectRoot, recordFile(record.stack, record.agent));
  mkdirSync(dirname(file), { recursive: true });
  writeAtomicallySync(file, `${JSON.stringify(record, undefined, 2)}\n`);
}
