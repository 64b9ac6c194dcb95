import { z } from "zod";
import { type DeclaredCrew, TOOLS, crewSchema } from "./crew.ts";

/*
 * A crew with a wrong value is checked like any other as far as that goes, so that all complaints come at once: what no rule
 * looks at is left out, and what is missing is stood in for.
 */

/** Keys that no rule between the parts of a crew depends on. */
const FREE = [
  "max_iter",
  "max_rpm",
  "inject_date",
  "guardrail_max_retries",
  "output_json",
  "human_input",
  "markdown",
];

const TEXTS = ["role", "goal", "backstory", "description", "expected_output"];

/**
 * Returns the crew as the rules can check it; undefined if too little of it is valid.
 *
 * @param text what stands in for a text that is missing or blank
 */
export function withStandIns(crew: unknown, text: string): DeclaredCrew | undefined {
  const checked = crewSchema.safeParse(crew);
  if (checked.success) return checked.data;
  const copy = structuredClone(crew);
  for (const { path } of checked.error.issues) standIn(copy, path, text);
  return crewSchema.safeParse(copy).data;
}

function standIn(crew: unknown, path: readonly PropertyKey[], text: string): void {
  const [, , key] = path;
  if (path[0] !== "agents" && path[0] !== "tasks") return;
  const map = path.slice(0, 2).reduce<unknown>((node, step) => mapOf(node)?.[step], crew);
  const owner = mapOf(map);
  if (!owner || typeof key !== "string") return;
  if (FREE.includes(key)) delete owner[key];
  else if (TEXTS.includes(key)) owner[key] = text;
  else if (key === "tools" && Array.isArray(owner[key])) owner[key] = owner[key].filter(isTool);
}

const mapOf = (node: unknown): Record<PropertyKey, unknown> | undefined =>
  typeof node === "object" && node !== null ? (node as Record<PropertyKey, unknown>) : undefined;

const isTool = (tool: unknown): boolean => z.enum(TOOLS).safeParse(tool).success;
