import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { InitError } from "../../../stacks/init/errors.ts";
import { STACKS, type InitOptions, initProject, isEmptyFolder } from "../../../stacks/init/init.ts";
import { ownVersion } from "../../../stacks/init/texts.ts";
import { isNpmNode } from "../../../providers/common/npm-node.js";
import { stripsTypes } from "../../bundled-node.js";
import { type Prompter, openTerminal } from "../../terminal.ts";
import { print, printJson } from "../../text.ts";

export interface InitFlags {
  readonly stacks?: string;
  readonly owner?: string;
  readonly author?: string;
  readonly package?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `init`: writes a new project. What was not said is asked at a terminal; in scripts there are defaults. Exit code 0. */
export async function init(named: string | undefined, flags: InitFlags): Promise<number> {
  const terminal = flags.yes || flags.json ? undefined : openTerminal();
  const made = initProject(await completed(named, flags, terminal));
  if (flags.json) {
    printJson(made);
    return 0;
  }
  const folder = relative(process.cwd(), made.folder) || ".";
  print(
    `${made.files.map((file) => `  ${folder}/${file}`).join("\n")}\n\n` +
      `Made ${made.name}${made.isRepository ? ", a git repository" : ""}. Next:\n` +
      `${folder === "." ? "" : `  cd ${shellWord(folder)}\n`}  npm install\n` +
      "  npx masumi-agents sandbox   # a simulated payment service on this machine\n" +
      "  npx masumi-agents up        # runs agents/hello.yaml, and registers it there\n" +
      "  npx masumi-agents hire hello -i name=Ada -i place=London\n" +
      (flags.package === undefined ? `\n${fromElsewhere()}\n` : ""),
  );
  return 0;
}

/** No registry is asked: that may take long, and npm install does it anyway. */
const fromElsewhere = (): string =>
  `If npm does not find masumi-agents@${ownVersion()}: npm install <tarball>, or name it to init with --package <tarball>.`;

/** A word as a shell takes it for one. */
const shellWord = (word: string): string =>
  /^[\w./@%+=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

async function completed(
  named: string | undefined,
  { stacks, owner, author, package: wanted }: InitFlags,
  terminal: Prompter | undefined,
): Promise<InitOptions> {
  const ask = async (label: string): Promise<string | undefined> => {
    const options = { isSecret: false, signal: new AbortController().signal };
    return (await terminal?.ask(label, options))?.trim() || undefined;
  };
  const here = isEmptyFolder(".") ? "." : undefined;
  const label = `Folder of the new project${here ? " (return: the current one)" : ""}: `;
  const folder = named ?? (await ask(label)) ?? here;
  if (folder === undefined) {
    throw new InitError(
      "NAME_UNUSABLE",
      "The new project has no folder.",
      "Name one: npx masumi-agents init <folder>, or init . for the current one, which must be empty.",
    );
  }
  const wantedStacks = stacks ?? (await ask(`Stacks beside local (${STACKS.join(", ")}; none: return): `));
  const names = wantedStacks?.split(/[ ,]+/).filter((name) => name !== "") ?? [];
  return {
    folder,
    stacks: names,
    owner:
      owner ??
      (names.length > 0
        ? await ask("Owner, which marks your registrations for good (return: the folder's name): ")
        : undefined),
    author: author ?? (await ask("Who offers the agents (return: Example GmbH): ")),
    package: wanted,
    // Whoever runs this on the Node of an npm package has none of their own that is new enough.
    nodes: stripsTypes(process.versions.node) && !isNpmNode(process.execPath) ? {} : nodePackages(),
  };
}

/** The npm packages that bring a Node, one for each platform, with their versions. */
function nodePackages(): Record<string, string> {
  const known = JSON.parse(
    readFileSync(new URL("../../bundled-node.json", import.meta.url), "utf8"),
  ) as Record<string, { readonly version: string }>;
  return Object.fromEntries(Object.entries(known).map(([name, { version }]) => [name, version]));
}
