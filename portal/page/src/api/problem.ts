import type { FieldProblem, Problem } from "../wire.ts";

/** The portal said no. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** No answer came: the network or the portal is away. Whether it did what it was asked is not known. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";

  constructor() {
    super("The portal could not be reached.");
  }
}

/** What people are told, and what they can do about it. */
export interface Explanation {
  readonly title: string;
  readonly detail: string;
}

const BY_STATUS: Readonly<Record<number, string>> = {
  401: "Sign in again, please.",
  403: "This is for operators of the portal.",
  404: "It may have been removed.",
  409: "Reload the page to see what has changed, then try again.",
  413: "Choose smaller or fewer documents.",
  415: "Choose documents of another type.",
  429: "Wait a moment, then try again.",
  502: "Try again; if it keeps failing, tell the operator.",
  503: "Try again in a moment.",
};

export function explain(error: unknown): Explanation {
  if (error instanceof ProblemError) {
    const { title, detail, status } = error.problem;
    const remedy = BY_STATUS[status];
    return { title, detail: remedy === undefined ? detail : `${detail} ${remedy}` };
  }
  if (error instanceof UnreachableError) {
    return {
      title: "The portal cannot be reached",
      detail: "Check your connection and try again. Nothing is created twice by trying again.",
    };
  }
  return { title: "Something went wrong", detail: "Reload the page and try again." };
}

/** Returns what the portal said of a form's fields. To programs it names a field's fault; people read a sentence. */
export const fieldProblems = (error: unknown): readonly FieldProblem[] =>
  (error instanceof ProblemError ? (error.problem.problems ?? []) : []).map(({ field, message }) => ({
    field,
    message: `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`,
  }));

/** Returns a problem from an answer's text; a proxy may have answered with something else than the portal would. */
export function problemOf(status: number, body: string): Problem {
  let found: Partial<Problem> = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null) found = parsed;
  } catch {
    // Not JSON: the status has to do.
  }
  return {
    ...found,
    status,
    title: found.title ?? `The portal answered ${status}`,
    error: found.error ?? "unknown",
    detail: found.detail ?? "It did not say why.",
  };
}
