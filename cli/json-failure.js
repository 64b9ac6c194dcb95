/* What --json prints of a command that failed. Plain JavaScript without packages: the launcher prints it, too, before any is installed. */

/** The stable code that an error's message begins with. */
const CODE = /^([A-Z]+(?:_[A-Z0-9]+)+): /;

/**
 * Write a failure on stdout, if the command was given --json: whoever reads that by a program gets an object whatever happens. It is one
 * line, because `logs` prints objects line by line.
 *
 * @param {readonly string[]} args the command's words
 * @param {string} message what stderr says
 */
export function printFailureAsJson(args, message) {
  if (wantsJson(args)) process.stdout.write(`${JSON.stringify(failureDocument(message))}\n`);
}

/**
 * Return the shape in which wrong declarations are answered (docs/outputs.md), without any.
 *
 * @param {string} message
 */
export const failureDocument = (message) => ({
  ok: /** @type {const} */ (false),
  complaints: /** @type {never[]} */ ([]),
  problems: [message.replace(/^error: /, "").trim()],
  code: CODE.exec(message)?.[1] ?? null,
});

/** @param {readonly string[]} args */
function wantsJson(args) {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).includes("--json");
}
