import { lengthOf } from "../texts.ts";
import { type ChosenFile, documentProblems, documentRules } from "../documents.ts";
import type { FieldProblem, Template } from "../wire.ts";

/** The texts of an agent that its user writes. */
export interface AgentTexts {
  readonly name: string;
  readonly bio: string;
  readonly description: string;
}

const LABELS: Readonly<Record<string, string>> = {
  template: "Kind of agent",
  name: "Name",
  bio: "Bio",
  description: "Description",
  docs: "Documents",
};

/** Returns a field of the form by its name in the API, for people. */
export const labelOf = (field: string): string => LABELS[field] ?? field;
/** The id of a field's control; a name with brackets, as in `docs[0]`, is that of the whole list. */
export const idOf = (field: string): string => `agent-${field.replace(/\[.*$/, "")}`;

export const takes = (template: Template | undefined, field: string): boolean =>
  template?.takes.includes(field) ?? false;

/** Most characters of a text; undefined if the template does not say. */
export const mostOf = (template: Template | undefined, field: keyof AgentTexts): number | undefined =>
  template?.lengths[field];

/** Returns everything that is wrong with a form, before the portal is asked. */
export function formProblems(
  texts: AgentTexts,
  files: readonly ChosenFile[],
  { template, kept = 0 }: { template: Template | undefined; kept?: number },
): readonly FieldProblem[] {
  const problems: FieldProblem[] = template ? [] : [{ field: "template", message: "Choose one" }];
  const check = (field: keyof AgentTexts, isNeeded: boolean) => {
    const length = lengthOf(texts[field].trim());
    if (isNeeded && length === 0) problems.push({ field, message: "Required" });
    const most = mostOf(template, field);
    if (most !== undefined && length > most)
      problems.push({ field, message: `Too long: ${length} characters, at most ${most} allowed` });
  };
  check("name", true);
  if (takes(template, "bio")) check("bio", true);
  if (takes(template, "description")) check("description", true);
  const rules = documentRules(template);
  if (rules) {
    for (const message of documentProblems(files, rules, kept)) problems.push({ field: "docs", message });
  }
  return problems;
}
