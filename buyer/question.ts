import { createHash } from "node:crypto";
import { printable } from "../providers/printable.ts";
import { type Field, type JobStatus, inputSchema } from "./agent-wire.ts";
import { canonicalJson } from "./hashes.ts";
import type { Hire } from "./hire-file.ts";
import { describe } from "./inputs.ts";
import type { HireReport } from "./report.ts";

/** What an agent asks in the middle of a job. */
export interface Question {
  readonly fields: readonly Field[];
  /** The input schema as the agent spells it. */
  readonly schema: unknown;
  /** Of the status, by which an answer names the question; some agents have none. */
  readonly statusId: string | undefined;
}

const LONGEST_DESCRIPTION = 20_000;

/** The question of a job that waits for input; undefined if the agent does not say in MIP-003's way what it wants. */
export function questionOf({ status, id, input_schema: schema }: JobStatus): Question | undefined {
  if (status !== "awaiting_input" || schema == null) return undefined;
  const read = inputSchema.safeParse(schema);
  if (!read.success || read.data.length === 0) return undefined;
  return { fields: read.data, schema, statusId: id ?? undefined };
}

/** How POST /provide_input says which question is meant: as MIP-003 has it, or by the schema's hash where there is no id. */
export const naming = ({ statusId, schema }: Question): Readonly<Record<string, string>> =>
  statusId === undefined
    ? { input_schema_hash: createHash("sha256").update(canonicalJson(schema)).digest("hex") }
    : { status_id: statusId };

/** What a field's description says, a line each; it may be a whole draft. */
export function descriptionOf({ data }: Field): string[] {
  const description = data?.["description"];
  if (typeof description !== "string" || description.trim() === "") return [];
  return description
    .slice(0, LONGEST_DESCRIPTION)
    .trimEnd()
    .split("\n")
    .map((line) => `  ${printable(line.replace(/\r$/, ""))}`);
}

/** An open question for people, and how it is answered later. */
export function waitingQuestion({ id, question }: Pick<HireReport, "id" | "question">): string {
  const fields = inputSchema.parse(question);
  const asked = fields.flatMap((field) => [...descriptionOf(field), `  - ${describe(field)}`]);
  const options = fields
    .filter(({ type }) => type !== "none" && type !== "hidden")
    .map(({ id }) => ` --answer ${printable(id)}=…`);
  return [
    "The agent asks, and waits for an answer:",
    ...asked,
    `Answer with: ${goOnWith({ id })}${options.join("")}`,
  ].join("\n");
}

export const goOnWith = ({ id }: Pick<Hire, "id">): string => `npx masumi-agents hire --resume ${id}`;
