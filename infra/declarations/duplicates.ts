import type { Complain, Path } from "./load/located.ts";
import type { Declaration } from "./schema/schema.ts";

/** An agent of the stack, as far as its declaration is valid. */
export interface Candidate {
  readonly file: string;
  readonly id: string | undefined;
  readonly parts: Partial<Declaration>;
  readonly complain: Complain;
}

/** What must be unique in a stack: the key, how its values are compared, and the remedy. */
const UNIQUE: readonly [
  key: "id" | "name" | "url" | "adopt",
  same: (value: string) => string,
  remedy: string,
][] = [
  ["id", (id) => id, "ids are unique: rename the file or choose another id"],
  [
    "name",
    (name) => name.toLowerCase().replaceAll(/\s+/g, " "),
    "customers could not tell them apart: choose another name",
  ],
  [
    "url",
    (url) => (URL.canParse(url) ? new URL(url).href.replace(/\/+$/, "") : url),
    "each agent needs its own URL",
  ],
  ["adopt", (row) => row, "a registration belongs to exactly one agent"],
];

/** Complains, in the later file, about everything that two agents of the stack must not share. */
export function checkDuplicates(candidates: readonly Candidate[]): void {
  for (const [key, same, remedy] of UNIQUE) {
    const first = new Map<string, string>();
    for (const { file, id, parts, complain } of candidates) {
      const value = key === "id" ? id : parts[key];
      if (value === undefined) continue;
      const owner = first.get(same(value));
      const path: Path = [key];
      if (owner) complain(path, `${key} "${value}" is already used by ${owner}`, remedy);
      else first.set(same(value), file);
    }
  }
}
