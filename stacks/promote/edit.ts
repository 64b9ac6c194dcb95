import { isCollection, isMap, isSeq, parseDocument } from "yaml";
import { type Edit, type Splice, appended, spliced, takesLines } from "./declaration.ts";

/** What of a declaration is to be changed. */
export interface Wanted {
  /** The stack that the agent is to live in, too. */
  readonly stack: string;
  /** What it costs there, as an author writes it; as it is declared if absent. */
  readonly prices?: readonly string[];
}

/**
 * Returns an agent's file as it would be if the agent lived in one more stack. Everything that its author wrote stays as it is written,
 * comments and layout included.
 */
export function withStack(text: string, { stack, prices }: Wanted): Edit {
  const document = parseDocument(text);
  const splices: Splice[] = [];
  const changes: string[] = [];
  const only = document.get("only", true);
  if (isSeq(only) && only.range) {
    const stacks = only.toJSON() as readonly string[];
    if (!stacks.includes(stack)) {
      const value = `[${[...stacks, stack].join(", ")}]`;
      const [start, end] = only.range;
      // A list of lines ends with the break after its last one.
      splices.push({ start, end, text: text.slice(start, end).endsWith("\n") ? `${value}\n` : value });
      changes.push(`only: ${value}`);
    }
  }
  if (prices !== undefined) {
    if (document.has("overrides")) return byHand(document.get("overrides", true), stack, prices);
    const line = `overrides: { ${stack}: { pricing: ${pricing(prices)} } }`;
    if (!takesLines(document)) return { byHand: `write ${line}` };
    splices.push(appended(text, line));
    changes.push(line);
  }
  return { text: spliced(text, splices), changes };
}

const pricing = (prices: readonly string[]): string => `{ fixed: [${prices.join(", ")}] }`;

/** Overrides that somebody wrote may say anything, also by anchors. */
function byHand(overrides: unknown, stack: string, prices: readonly string[]): Edit {
  const there = isMap(overrides) && isCollection(overrides) && overrides.has(stack);
  return {
    byHand: `write pricing: ${pricing(prices)} below ${there ? `${stack}, which is` : `${stack}:, which goes`} below overrides`,
  };
}
