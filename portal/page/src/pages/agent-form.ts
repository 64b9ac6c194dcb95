import { lengthOf } from "../texts.ts";
import { type ChosenFile, documentProblems, documentRules } from "../documents.ts";
import type { Choice, Chosen, FieldProblem, Template } from "../wire.ts";

/** The texts of an agent that its user writes. */
export interface AgentTexts {
  readonly name: string;
  readonly bio: string;
  readonly description: string;
}

/** What a user fills in beside documents. */
export interface AgentForm extends AgentTexts {
  readonly choices: Chosen;
}

const LABELS: Readonly<Record<string, string>> = {
  template: "Kind of agent",
  name: "Name",
  bio: "Bio",
  description: "Description",
  docs: "Documents",
};

/** Returns a field of the form by its name in the API, for people. */
export const labelOf = (field: string, template?: Template): string =>
  template?.choices.find((choice) => fieldOf(choice) === field)?.name ?? LABELS[field] ?? field;
/** The id of a field's control; a name with brackets, as in `docs[0]`, is that of the whole list. */
export const idOf = (field: string): string => `agent-${field.replace(/\[.*$/, "")}`;

export const takes = (template: Template | undefined, field: string): boolean =>
  template?.takes.includes(field) ?? false;

/** A choice's name among the fields of the form. */
export const fieldOf = ({ id }: Pick<Choice, "id">): string => `choices.${id}`;

/** Returns what is chosen now: an option that the template has no longer is none. */
export function optionOf({ id, options, default: usual }: Choice, chosen: Chosen): string {
  const option = chosen[id] ?? usual;
  return options.some(({ name }) => name === option) ? (option ?? "") : "";
}

/** Returns what is to be sent of choices, as the portal takes it; undefined if the template leaves none. */
export function choicesSent(template: Template | undefined, chosen: Chosen): string | undefined {
  if (!template || template.choices.length === 0) return undefined;
  return JSON.stringify(
    Object.fromEntries(template.choices.map((choice) => [choice.id, optionOf(choice, chosen)])),
  );
}

/** Most characters of a text; undefined if the template does not say. */
export const mostOf = (template: Template | undefined, field: keyof AgentTexts): number | undefined =>
  template?.lengths[field];

/** Returns everything that is wrong with a form, before the portal is asked. */
export function formProblems(
  texts: AgentForm,
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
  for (const choice of template?.choices ?? []) {
    if (optionOf(choice, texts.choices) === "")
      problems.push({ field: fieldOf(choice), message: "Choose one" });
  }
  const rules = documentRules(template);
  if (rules) {
    for (const message of documentProblems(files, rules, kept)) problems.push({ field: "docs", message });
  }
  return problems;
}
