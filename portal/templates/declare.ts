import { stringify } from "yaml";
import type { Agent } from "../../infra/declarations/index.ts";
import { type Project, loadStackAgents } from "../../stacks/index.ts";
import type { Form } from "../database/agents.ts";
import { type Chosen, choiceProblems, chosenOf, filled, usualChoices, valueChosen } from "./choices.ts";
import type { Template } from "./template.ts";
import { textProblem, withoutPlaceholders } from "./texts.ts";

/** What is wrong with a form, by the field. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

const TEXTS = ["name", "description", "bio"] as const;

/** Returns all that is wrong with the texts and the choices of a form. */
export function formProblems(
  { takes, choices }: Template,
  form: Pick<Form, (typeof TEXTS)[number] | "choices">,
): FieldProblem[] {
  const texts = TEXTS.flatMap((field) => {
    const message = textProblem(form[field], { most: takes[field], lines: field !== "name" });
    return message === undefined ? [] : [{ field, message }];
  });
  return [...texts, ...choiceProblems(choices, form.choices ?? {})];
}

/** Who the agent is for, and what it is called in files and addresses. */
export interface Declared {
  readonly id: string;
  readonly userId: string;
}

/** Returns the declaration of an agent as YAML. Customers' texts are values of the document, so they cannot be anything else. */
export function declarationOf({ agent, choices }: Template, form: Form, { id, userId }: Declared): string {
  const { crew, ...rest } = agent;
  const chosen = chosenOf(choices, form.choices ?? {});
  const fill = (value: unknown, change: (text: string) => string) =>
    filled(value, {
      textOf: (slot) => {
        const field = TEXTS.find((one) => one === slot);
        return field && change(form[field]);
      },
      valueOf: (slot) => valueChosen(choices, chosen, slot),
    });
  const { documents } = form;
  const document = {
    id,
    user: userId,
    ...(fill(rest, (text) => text) as object),
    ...(crew === undefined ? {} : { crew: fill(crew, withoutPlaceholders) }),
    ...(documents.length === 0
      ? {}
      : { documents: documents.map(({ sha256, name }) => ({ stored: sha256, name })) }),
  };
  return stringify(document, { lineWidth: 120, aliasDuplicateObjects: false });
}

/** Where a declaration is to be deployed. */
export interface Target {
  readonly project: Project;
  readonly stack: string;
}

/**
 * Returns the agent that a declaration stands for on a stack, or what is wrong with it. It is checked as `validate` checks any other.
 */
export function checkDeclaration(
  { project, stack }: Target,
  id: string,
  declaration: string,
): Agent | readonly FieldProblem[] {
  const given = [{ file: `${id}.yaml`, text: declaration }];
  const { agents, complaints } = loadStackAgents(project, stack, { secretsMayFollow: true, given });
  if (complaints.length === 0 && agents[0]) return agents[0];
  return complaints.map(({ line, message, remedy }) => ({
    field: fieldAt(declaration, line),
    message: remedy ? `${message}: ${remedy}` : message,
  }));
}

/** Returns the field of the form that a line of a declaration comes from, as far as one can say: its key at the left. */
function fieldAt(declaration: string, line: number): string {
  const above = declaration.split("\n").slice(0, line).toReversed();
  const key = above.map((text) => /^(\w+):/.exec(text)?.[1]).find((found) => found !== undefined) ?? "";
  return ["name", "description", "documents"].includes(key) ? key : "template";
}

/** Returns what a job of an agent costs, as its network calls the token. */
export const priceOf = ({ pricing }: Agent): string =>
  pricing.type === "fixed" ? pricing.prices.map(({ human }) => human).join(" + ") : pricing.type;

const EXAMPLE: Form = { name: "Example", bio: "An example.", description: "An example.", documents: [] };

function checkExample(template: Template, target: Target, chosen: Chosen = {}) {
  const { id, choices } = template;
  const example = { ...EXAMPLE, choices: { ...usualChoices(choices), ...chosen } };
  return checkDeclaration(target, id, declarationOf(template, example, { id, userId: "example" }));
}

/** Returns what a job of an agent of this template costs, with this choice beside the usual ones; undefined if there can be none. */
export function templatePrice(template: Template, target: Target, chosen?: Chosen): string | undefined {
  const checked = checkExample(template, target, chosen);
  return "length" in checked ? undefined : priceOf(checked);
}

/** Returns what is wrong with templates that no form would make right: whoever fills one in could do nothing about it. */
export function templateProblems(templates: ReadonlyMap<string, Template>, target: Target): string[] {
  return [...templates.values()].flatMap((template) => {
    const told = (what: string, chosen?: Chosen): string[] => {
      const checked = checkExample(template, target, chosen);
      if (!("length" in checked)) return [];
      return checked.map(({ message }) => `${what} cannot be used on ${target.stack}: ${message}`);
    };
    const what = `The template ${template.id}`;
    const always = told(what);
    if (always.length > 0) return always;
    return Object.entries(template.choices).flatMap(([key, { options }]) =>
      options.flatMap(({ name }) => told(`${what}, with the ${key} "${name}",`, { [key]: name })),
    );
  });
}
