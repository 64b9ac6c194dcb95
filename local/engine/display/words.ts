import type { Operation, StepInfo, StepOp } from "../types.ts";

interface OpWords {
  readonly symbol: string;
  readonly style: Style;
  readonly planned: string;
  readonly running: string;
  readonly done: string;
}

export type Style = "plain" | "bold" | "dim" | "red" | "green" | "yellow" | "magenta" | "cyan";

const words = (symbol: string, style: Style, planned: string, running: string, done: string): OpWords => ({
  symbol,
  style,
  planned,
  running,
  done,
});

/** The CLI's symbols and words. */
export const OP_WORDS: Readonly<Record<StepOp, OpWords>> = {
  same: words("  ", "plain", "", "", "unchanged"),
  create: words("+ ", "green", "create", "creating", "created"),
  update: words("~ ", "yellow", "update", "updating", "updated"),
  replace: words("+-", "magenta", "replace", "replacing", "replaced"),
  "create-replacement": words(
    "++",
    "green",
    "create replacement",
    "creating replacement",
    "created replacement",
  ),
  delete: words("- ", "red", "delete", "deleting", "deleted"),
  "delete-replaced": words("--", "red", "delete original", "deleting original", "deleted original"),
  "remove-pending-replace": words(
    "~ ",
    "yellow",
    "complete replace",
    "completing replace",
    "completed replace",
  ),
  read: words("> ", "cyan", "read", "reading", "read"),
  refresh: words("~ ", "yellow", "refresh", "refreshing", "refreshed"),
};

export const HEADERS: Readonly<Record<Operation, string>> = {
  up: "Updating",
  preview: "Previewing update",
  refresh: "Refreshing",
  destroy: "Destroying",
};

/** `pulumi-nodejs:dynamic/masumi:AgentRegistration` -> `AgentRegistration`. */
export const shortType = (type: string): string => type.slice(type.lastIndexOf(":") + 1);

export const labelOf = ({ type, name }: Pick<StepInfo, "type" | "name">): string =>
  `${shortType(type)} ${name}`;

/** The same from a URN, for diagnostics. */
export function labelOfUrn(urn: string): string {
  const parts = urn.split("::");
  return labelOf({ type: parts[2] ?? urn, name: parts.slice(3).join("::") });
}

/** `0.4s`, `12s`, `3m 5s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(1)}s`;
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
}

const CODES: Readonly<Record<Style, string>> = {
  plain: "",
  bold: "\u001B[1m",
  dim: "\u001B[2m",
  red: "\u001B[31m",
  green: "\u001B[32m",
  yellow: "\u001B[33m",
  magenta: "\u001B[35m",
  cyan: "\u001B[36m",
};
const RESET = "\u001B[0m";

export type Paint = (style: Style, text: string) => string;

export const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour && style !== "plain" && text !== "" ? `${CODES[style]}${text}${RESET}` : text;
