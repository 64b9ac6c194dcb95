import { basename } from "node:path";
import {
  configValues,
  getConfig,
  initStack,
  removeConfig,
  setConfig,
} from "../../../local/engine/stack/index.ts";
import { notASetting } from "../../../infra/config.ts";
import { keyGoesToStub, localRun, localStackExists } from "../../../stacks/local/local-stack.ts";
import { type Project, projectName, stackFile, stackOption } from "../../../stacks/project.ts";
import { UserError } from "../../../stacks/user-error.ts";
import { passToPulumi } from "../../pulumi.ts";
import { openTerminal } from "../../terminal.ts";
import { printPairs } from "../../table.ts";
import { printJson, printProgress } from "../../text.ts";

interface KeyFlags {
  readonly stack: string;
  readonly path?: boolean;
}

/** `config`: every value of the stack; secrets read `[secret]` unless they are asked for. */
export async function listConfig(
  project: Project,
  flags: { readonly stack: string; readonly json?: boolean; readonly showSecrets?: boolean },
): Promise<number> {
  const values = (await configValues(localRun(project, flags.stack))).map(({ key, value, secret }) => ({
    key,
    secret,
    shown: secret && !flags.showSecrets ? undefined : value,
  }));
  if (flags.json) {
    printJson(Object.fromEntries(values.map(({ key, shown, secret }) => [key, { value: shown, secret }])));
    return 0;
  }
  const own = `${projectName(project)}:`;
  const listed = values.map(({ key, shown = "[secret]" }) => ({
    key: key.startsWith(own) ? key.slice(own.length) : key,
    shown,
  }));
  const pairs = listed
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, shown }): [string, string] => [key, shown]);
  printPairs(["KEY", "VALUE"], pairs, { whole: "config get <key>" });
  return 0;
}

/** `config set`: with `--secret` the value is encrypted in the stack's file. Creates the stack if there is none. */
export async function setConfigValue(
  project: Project,
  key: string,
  value: string | undefined,
  { stack, secret = false, path = false }: KeyFlags & { readonly secret?: boolean },
): Promise<number> {
  refuseNoSetting(key);
  const text = value ?? (await askValue(key, secret));
  const run = localRun(project, stack);
  if (!localStackExists(project, stack)) await initStack(run);
  await setConfig(run, key, text, { secret, path });
  // Never with the value, which may be a secret that was not said to be one; on stderr, as Pulumi's command prints nothing.
  printProgress(`Set ${key} in ${basename(stackFile(project, stack))}${secret ? ", encrypted" : ""}.`);
  await sayKeyOfNobody(project, stack, key);
  return 0;
}

const OF_MODEL = ["masumi:modelApi", "masumi:modelKey"];

/** Says after a change of either that crews are given a model's key that no model of theirs needs. */
async function sayKeyOfNobody(project: Project, stack: string, changed: string): Promise<void> {
  if (!OF_MODEL.includes(changed) || !(await keyGoesToStub(project, stack))) return;
  printProgress(
    "The stub model answers, and crews are given masumi:modelKey, which it does not need. Remove the key with " +
      `npx masumi-agents config rm${stackOption(stack)} masumi:modelKey, or set masumi:modelApi.`,
  );
}

/** `config set` and `config rm` of any other stack, which Pulumi does without a word. */
export async function passConfigChange(
  project: Project,
  stack: string,
  words: readonly string[],
): Promise<number> {
  const [, done] = words;
  const key = words.slice(2).find((word) => /^[^-].*:/su.test(word)) ?? "the value";
  if (done === "set") refuseNoSetting(key);
  const exitCode = await passToPulumi(project, stack, words);
  if (exitCode !== 0) return exitCode;
  const isEncrypted = done === "set" && words.includes("--secret");
  const file = basename(stackFile(project, stack));
  printProgress(
    done === "set"
      ? `Set ${key} in ${file}${isEncrypted ? ", encrypted" : ""}.`
      : `Removed ${key} from ${file}.`,
  );
  return exitCode;
}

/** Refuses a key of this program's that it would refuse at the next run. @throws UserError */
export function refuseNoSetting(key = ""): void {
  const problem = notASetting(key);
  if (problem !== undefined) throw new UserError(`Nothing was changed: ${problem}`);
}

/** A value that was not typed after its key, so that no history keeps it: asked for at a terminal, else read from stdin. */
async function askValue(key: string, isSecret: boolean): Promise<string> {
  const terminal = openTerminal();
  if (!terminal) return readStdin(key);
  const signal = new AbortController().signal;
  const typed = await terminal.ask(isSecret ? `${key} (hidden): ` : `${key}: `, { isSecret, signal });
  if (typed === undefined || typed === "") throw nothingGiven(key);
  return typed;
}

async function readStdin(key: string): Promise<string> {
  // A terminal that could not be asked would be waited for without a word.
  if (process.stdin.isTTY) throw nothingGiven(key);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  const text = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/u, "");
  if (text === "") throw nothingGiven(key);
  return text;
}

const nothingGiven = (key: string) =>
  new UserError(`There is no value for ${key}; nothing was changed. Give it after the key, or on stdin.`);

/** `config get`: one value, in the clear even if it is a secret. */
export async function getConfigValue(
  project: Project,
  key: string,
  { stack, path = false, json }: KeyFlags & { readonly json?: boolean },
): Promise<number> {
  const { value, secret } = await getConfig(localRun(project, stack), key, { path });
  if (json) printJson({ value, secret });
  else process.stdout.write(`${value}\n`);
  return 0;
}

/** `config rm`. */
export async function removeConfigValue(
  project: Project,
  key: string,
  { stack, path = false }: KeyFlags,
): Promise<number> {
  const run = localRun(project, stack);
  const isThere = await removeConfig(run, key, { path });
  const file = basename(stackFile(project, stack));
  printProgress(isThere ? `Removed ${key} from ${file}.` : `${file} has no ${key}; nothing was changed.`);
  await sayKeyOfNobody(project, stack, key);
  return 0;
}
