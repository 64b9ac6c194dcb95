import type { z } from "zod";
import type { Form } from "../database/agents.ts";
import { type FieldProblem, formProblems } from "./declare.ts";
import type { Template } from "./template.ts";

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  array: "a list",
  record: "an object",
  object: "an object",
};

/** Returns what a schema finds wrong with a request, by field; a key that it does not know by the key's name. */
export function fieldProblems({ issues }: z.ZodError): FieldProblem[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ field: fieldOf([...issue.path, key]), message: "is not known here" }))
      : [{ field: fieldOf(issue.path), message: messageOf(issue) }],
  );
}

const fieldOf = (path: readonly PropertyKey[]): string => path.map(String).join(".");

const messageOf = (issue: z.core.$ZodIssue): string =>
  issue.code === "invalid_type" && issue.message.startsWith("Invalid input")
    ? `has to be ${KINDS[issue.expected] ?? issue.expected}`
    : issue.message;

/**
 * Returns all that is wrong with an agent's form.
 *
 * @param wrong what could not even be read of it
 */
export function problemsOf(
  template: Template,
  form: Form,
  wrong: readonly FieldProblem[] = [],
): FieldProblem[] {
  const unread = new Set(wrong.map(({ field }) => field.split(".")[0]));
  const others = [...formProblems(template, form), ...documentProblems(template, form)];
  return [...others.filter(({ field }) => !unread.has(field.split(".")[0])), ...wrong];
}

/** Returns what is wrong with the number of documents. */
function documentProblems({ documents: allowed }: Template, { documents }: Form): FieldProblem[] {
  const { least, most } = allowed;
  if (documents.length < least) return [{ field: "docs", message: `at least ${least} needed` }];
  if (documents.length > most) return [{ field: "docs", message: `at most ${most} documents` }];
  const names = documents.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) < index);
  return twice === undefined ? [] : [{ field: "docs", message: `"${twice}" is there twice: rename one` }];
}

/**
 * Returns what is wrong with a form whichever template it is meant for. Choices are each template's own.
 *
 * @param formOf the form as a template reads it
 */
export function problemsOfAny(
  templates: readonly Template[],
  formOf: (template: Template) => Form,
  wrong: readonly FieldProblem[] = [],
): FieldProblem[] {
  const [first = [], ...others] = templates.map((template) => problemsOf(template, formOf(template), wrong));
  const isInAll = (field: string) => others.every((some) => some.some((problem) => problem.field === field));
  return first.filter((problem) => wrong.includes(problem) || (isText(problem) && isInAll(problem.field)));
}

const isText = ({ field }: FieldProblem): boolean => !field.startsWith("choices");
