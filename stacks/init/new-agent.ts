import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { PACKAGE_ROOT } from "../../providers/common/own-files.ts";
import type { Project } from "../project.ts";
import { InitError } from "./errors.ts";
import { agentText } from "./texts.ts";

/** The template that is taken where none is named. */
export const HELLO = "hello";

/** Returns the names of the templates of agents: the smallest one, and this repository's own agents. */
export const templateNames = (): string[] => [
  HELLO,
  ...readdirSync(join(PACKAGE_ROOT, "agents"))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => basename(file, ".yaml")),
];

/** What was written: an agent's file, and the folder of its code if it has one. */
export interface NewAgent {
  readonly file: string;
  readonly folder?: string;
}

const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** `market-researcher` as people write it: Market Researcher. */
const titleOf = (id: string): string =>
  id.replaceAll(
    /(^|-)([a-z0-9])/g,
    (_, dash: string, letter: string) => `${dash && " "}${letter.toUpperCase()}`,
  );

/**
 * Writes the file of a new agent.
 *
 * @param folder where the project's agents are declared, relative to it
 * @throws InitError NAME_UNUSABLE, AGENT_EXISTS, TEMPLATE_UNKNOWN; then nothing was written
 */
export function newAgent(
  project: Project,
  {
    id,
    template = HELLO,
    folder,
  }: { readonly id: string; readonly template?: string; readonly folder: string },
): NewAgent {
  if (!ID.test(id) || id.length > 63) {
    throw new InitError(
      "NAME_UNUSABLE",
      `"${id}" cannot be the id of an agent.`,
      "An id is at most 63 lower-case letters and digits, with single dashes between them: market-researcher.",
    );
  }
  if (!templateNames().includes(template)) {
    throw new InitError(
      "TEMPLATE_UNKNOWN",
      `There is no template "${template}".`,
      `There are ${templateNames().join(", ")}.`,
    );
  }
  const file = `${folder}/${id}.yaml`;
  const code = template === HELLO ? undefined : `agents/${template}`;
  const hasCode = code !== undefined && existsSync(join(PACKAGE_ROOT, code));
  const own = hasCode ? `${folder}/${id}` : undefined;
  const taken = [file, `${folder}/${id}.yml`, own].find(
    (path) => path && existsSync(join(project.root, path)),
  );
  if (taken) {
    throw new InitError(
      "AGENT_EXISTS",
      `${taken} is there already.`,
      "Choose another id, or change that file.",
    );
  }
  const text = agentText(template === HELLO ? "stacks/init/hello.yaml" : `agents/${template}.yaml`)
    .replace(/^name: .*/m, `name: ${titleOf(id)}`)
    .replace(`build: ${code}`, `build: ${own}`);
  mkdirSync(dirname(join(project.root, file)), { recursive: true });
  if (code && own) cpSync(join(PACKAGE_ROOT, code), join(project.root, own), { recursive: true });
  writeFileSync(join(project.root, file), text);
  return own ? { file, folder: own } : { file };
}
