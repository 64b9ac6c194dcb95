import { printableLines } from "../providers/common/printable.ts";

/** Every ASCII sign that Markdown, HTML, GitHub (@mentions, #numbers) or a runner's commands (::) may give a meaning to. */
const MEANINGFUL = /[!-/:-@[-`{-~]/g;

const asEntities = (text: string) =>
  printableLines(text).replaceAll(MEANINGFUL, (sign) => `&#${sign.charCodeAt(0)};`);

/**
 * Return a text as HTML that shows it as it is, inside a line or a table's cell of Markdown. Whoever wrote it (an author of a
 * YAML file, a registry, the payment service) adds no heading, link, mention or command to what an approver reads: the signs
 * are entities, and GitHub looks for no names in `<code>`.
 */
export const verbatim = (text: string): string =>
  text === "" ? "" : `<code>${asEntities(text).replaceAll("\n", "<br>")}</code>`;

/** The same for a text of several lines, as a block of its own; cut to whole lines of at most so many characters. */
export function verbatimBlock(text: string, most = Number.POSITIVE_INFINITY): string {
  const lines = text.replaceAll("\r\n", "\n").trimEnd().split("\n");
  let length = 0;
  const kept = lines.filter((line) => (length += line.length + 1) <= most);
  const rest = lines.length - kept.length;
  const more = rest > 0 ? `\n${rest} more lines are in the log of the run.\n` : "";
  const shown = kept.map(asEntities).join("\n");
  return `<pre>\n${shown}\n</pre>\n${more}`;
}
