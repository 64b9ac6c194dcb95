import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { InitError } from "./errors.ts";
import { type ProjectChoices, ownVersion, projectFiles } from "./texts.ts";

/** The stacks whose settings have a template. */
export const STACKS = ["preprod", "mainnet"] as const;

export interface InitOptions {
  /** The folder, which is made; one that exists must be empty. */
  readonly folder: string;
  /** Stacks beside local: of `STACKS`. @default none */
  readonly stacks?: readonly string[];
  /** `masumi:owner` of these stacks. @default the project's name */
  readonly owner?: string | undefined;
  /** Who offers the agents. @default "Example GmbH" */
  readonly author?: string | undefined;
  /** What package.json asks for, as npm writes it. @default this version */
  readonly package?: string | undefined;
  /** npm packages that bring a Node for local stacks, with their versions. @default none */
  readonly nodes?: Readonly<Record<string, string>>;
}

/** What was made. */
export interface NewProject {
  readonly folder: string;
  readonly name: string;
  readonly files: readonly string[];
  /** Whether it is a git repository now: it was none, and git is there. */
  readonly isRepository: boolean;
}

/** What may be in a folder before. */
const HARMLESS = new Set([".git", ".DS_Store"]);

const contentOf = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => !HARMLESS.has(name)) : [];

/** Returns whether a new project can be made in a folder. */
export const isEmptyFolder = (folder: string): boolean => contentOf(folder).length === 0;

/**
 * Makes a project: writes its files and makes a git repository of it, unless it is within one. Installs nothing.
 *
 * @throws InitError FOLDER_NOT_EMPTY, NAME_UNUSABLE, STACK_UNKNOWN; then nothing was written
 */
export function initProject(options: InitOptions): NewProject {
  const folder = resolve(options.folder);
  const choices = choicesOf(folder, options);
  const there = contentOf(folder);
  if (there.length > 0) {
    throw new InitError(
      "FOLDER_NOT_EMPTY",
      `${folder} has ${there.slice(0, 3).join(", ")}${there.length > 3 ? " …" : ""} in it, which a new project would be mixed with.`,
      "Name a folder that is empty, or does not exist yet. Code that is there already can be copied into it afterwards: build: in an " +
        "agent's file names its folder.",
    );
  }
  const files = projectFiles(choices);
  for (const [path, text] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return { folder, name: choices.name, files: [...files.keys()], isRepository: makeRepository(folder) };
}

/** What is allowed both in package.json and in Pulumi.yaml. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;

function choicesOf(folder: string, options: InitOptions): ProjectChoices {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-");
  const { stacks = [], owner = name, author = "Example GmbH" } = options;
  for (const [what, value] of [
    ["project", name],
    ["owner", owner],
  ] as const) {
    if (NAME.test(value)) continue;
    throw new InitError(
      "NAME_UNUSABLE",
      `"${value}" cannot be the name of ${what === "owner" ? "an owner" : "a project"}.`,
      "A name begins with a letter or digit, and has at most 100 lower-case letters, digits, dots, dashes or underscores.",
    );
  }
  const unknown = stacks.filter((stack) => !STACKS.some((known) => known === stack));
  if (unknown.length > 0) {
    throw new InitError(
      "STACK_UNKNOWN",
      `There are no settings to begin with for ${unknown.join(", ")}.`,
      `Name ${STACKS.join(", ")} or both; local is always there, and others are made with: npx masumi-agents stack init <name>`,
    );
  }
  const { package: wanted = ownVersion(), nodes = {} } = options;
  return {
    name,
    stacks: STACKS.filter((stack) => stacks.includes(stack)),
    owner,
    author,
    package: wanted,
    nodes,
  };
}

const git = (folder: string, ...words: string[]): boolean =>
  spawnSync("git", words, { cwd: folder, stdio: "ignore" }).status === 0;

const makeRepository = (folder: string): boolean =>
  !git(folder, "rev-parse", "--is-inside-work-tree") && git(folder, "init", "--initial-branch=main");
