import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Document, isMap } from "yaml";
import type { SourceFile } from "../../infra/declarations/index.ts";
import { agentsFolder } from "../agents.ts";
import type { Project } from "../project.ts";

/** A declaration as it would be, or why it has to be changed by hand. */
export type Edit =
  { readonly text: string; readonly changes: readonly string[] } | { readonly byHand: string };

/** A part of a text that is another one afterwards. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Whether a key can be added as a line: not where the whole file is in braces. */
export const takesLines = ({ contents }: Document): boolean => !(isMap(contents) && contents.flow === true);

/** Returns a line as the last one of a text. */
export const appended = (text: string, line: string): Splice => ({
  start: text.length,
  end: text.length,
  text: `${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`,
});

/** Returns a text with its parts changed; everything else stays as its author wrote it, comments and layout included. */
export const spliced = (text: string, splices: readonly Splice[]): string =>
  splices
    .toSorted((one, other) => other.start - one.start)
    .reduce(
      (before, { start, end, text: piece }) => before.slice(0, start) + piece + before.slice(end),
      text,
    );

/** Returns the declarations of a stack as they would be with one file changed, to be judged before it is. */
export function declarationsWith(project: Project, stack: string, changed: SourceFile): SourceFile[] {
  const folder = agentsFolder(project, stack);
  return readdirSync(join(project.root, folder))
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => `${folder}/${name}`)
    .map((file) =>
      file === changed.file ? changed : { file, text: readFileSync(join(project.root, file), "utf8") },
    );
}
