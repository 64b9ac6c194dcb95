import type { z } from "zod";
import { nearest } from "../declarations/schema/suggest.ts";
import { schema } from "./schema.ts";

/** How to correct a setting, in addition to what is wrong with it. */
export const REMEDIES: Record<string, string> = {
  network: "npx masumi-agents config set masumi:network Preprod",
  paymentServiceUrl: "npx masumi-agents config set masumi:paymentServiceUrl https://…/api/v1",
  apiKey: "npx masumi-agents config set --secret masumi:apiKey …, or set MASUMI_API_KEY",
  owner:
    "npx masumi-agents config set masumi:owner <a permanent name: your team or repository>; it marks your registrations",
  wallets:
    "list the selling wallets' verification keys (the service's administrator finds them on the admin page)",
};

/** Names the stack in the commands of a remedy: without it, they would set the one that is selected. */
export const ofStack = (stack: string, text: string): string =>
  text.replaceAll("masumi-agents config set ", `masumi-agents config set -s ${stack} `);

/** Lists every problem of a stack's configuration. Code CONFIG_INVALID; never contains a secret's value. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code = "CONFIG_INVALID";
  readonly problems: readonly string[];

  constructor(stack: string, problems: readonly string[]) {
    const listed = problems.map((problem) => ofStack(stack, problem));
    super(
      `CONFIG_INVALID: Pulumi.${stack}.yaml has problems:\n${listed.map((problem) => `  - ${problem}`).join("\n")}`,
    );
    this.problems = listed;
  }
}

/** Returns that these are no settings, each with the one that was probably meant. */
export function noSuchSettings(names: readonly string[]): string {
  const known = Object.keys(schema.shape);
  const meant = names.map((name) => {
    const near = nearest(name, known);
    return `masumi:${name} is not a setting${near ? `; did you mean masumi:${near}?` : ""}`;
  });
  const isUnclear = names.some((name) => !nearest(name, known));
  return `${meant.join(". ")}${isUnclear ? `; the settings are ${known.join(", ")}` : ""}`;
}

/** Returns what is wrong with a setting, and how to correct it. */
export function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) return noSuchSettings(issue.keys);
  const [name = "", ...inside] = issue.path.map(String);
  const missing = issue.code === "invalid_type" && inside.length === 0;
  const remedy = REMEDIES[name] ? ` (${REMEDIES[name]})` : "";
  return `masumi:${[name, ...inside].join(".")}${missing ? " is missing" : `: ${issue.message}`}${remedy}`;
}
