/** IAM's answer to a request, as far as the policies of a stack need it; written from AWS's documentation. */
import type { Policy, PolicyStatement } from "../../../infra/hosting/ecs/rights/policies.ts";

export interface Request {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

const list = (value: string | readonly string[]): readonly string[] =>
  typeof value === "string" ? [value] : value;

const fits = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*")}$`).test(
    text,
  );

function holds(statement: PolicyStatement, context: NonNullable<Request["context"]>): boolean {
  return Object.entries(statement.Condition ?? {}).every(([operator, wanted]) =>
    Object.entries(wanted).every(([key, values]) => {
      const given = context[key];
      if (operator === "Null") return list(values).includes(String(given === undefined));
      const one = (value: string) =>
        list(values).some((pattern) =>
          /Like|Arn/.test(operator) ? fits(pattern, value) : pattern === value,
        );
      if (operator.startsWith("ForAllValues:")) return list(given ?? []).every(one);
      return given !== undefined && list(given).every(one);
    }),
  );
}

/** Whether any of these policies allows the request; what none allows is denied. */
export const allows = (policies: readonly Policy[], { action, resource, context = {} }: Request): boolean =>
  policies
    .flatMap(({ Statement }) => Statement)
    .some(
      (statement) =>
        statement.Action.some((pattern) => fits(pattern, action)) &&
        list(statement.Resource ?? []).some((pattern) => fits(pattern, resource)) &&
        holds(statement, context),
    );
