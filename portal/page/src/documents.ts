import { bytesText } from "./texts.ts";
import type { Template, TemplateDocuments } from "./wire.ts";

/** What matters of a file that somebody chose. */
export interface ChosenFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** Whether a file is of one of the types, as HTML's accept has them. */
export function isAccepted(
  { name, type }: Pick<ChosenFile, "name" | "type">,
  types: readonly string[],
): boolean {
  if (types.length === 0) return true;
  return types.some((accepted) => {
    const wanted = accepted.trim().toLowerCase();
    if (wanted.startsWith(".")) return name.toLowerCase().endsWith(wanted);
    return wanted.endsWith("/*") ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
  });
}

/** Returns what documents a template takes; undefined if it takes none. */
export const documentRules = (template: Template | undefined): TemplateDocuments | undefined =>
  template?.documents && template.documents.most > 0 ? template.documents : undefined;

/** Returns what is wrong with the chosen documents, each by its name. `kept`: how many the agent keeps beside them. */
export function documentProblems(
  files: readonly ChosenFile[],
  rules: TemplateDocuments,
  kept = 0,
): readonly string[] {
  const { least, most, mostBytes, types } = rules;
  const missing = least - files.length - kept;
  const over = files.length + kept - most;
  return [
    ...(missing > 0 ? [`Add ${missing === 1 ? "a document" : `${missing} documents`}`] : []),
    ...(over > 0 ? [`At most ${most} documents: remove ${over}`] : []),
    ...files
      .filter(({ size }) => size > mostBytes)
      .map(({ name }) => `${name} is larger than ${bytesText(mostBytes)}`),
    ...files.filter(({ size }) => size === 0).map(({ name }) => `${name} is empty`),
    ...files
      .filter((file) => !isAccepted(file, types))
      .map(({ name }) => `${name} is not one of ${types.join(", ")}`),
  ];
}
