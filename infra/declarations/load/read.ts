import { accessSync, constants, existsSync, lstatSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, relative, sep } from "node:path";
import { type Complaint, byText, complaintAt } from "./complaint.ts";
import { ignoredByGit, isInside, privateProblem } from "./repository.ts";
import { nearest } from "../schema/suggest.ts";

/** A declaration as text, not yet parsed. */
export interface SourceFile {
  /** Relative to the project's root, with forward slashes. */
  readonly file: string;
  readonly text: string;
}

type Problem = readonly [message: string, remedy: string];

/** Far above any sensible declaration; keeps a stray file from being parsed. */
const MAX_BYTES = 256 * 1024;

/** What may lie beside the declarations without being one. */
const IGNORED_FILES = /^\.|\.md$|^agent\.schema\.json$/;

const YAML = /\.ya?ml$/;

/** Names that were meant as a declaration's, whatever lies there. */
const MEANT_AS_YAML = /\.ya?ml$/i;

/** One of these lies in a folder with the code of a crew, and in none with declarations. */
const CODE = ["pyproject.toml", "requirements.txt", "crew.py", "Dockerfile"];

/** A folder beside the declarations that holds YAML files. */
export interface FolderOfYaml {
  /** Relative to the project's root, with forward slashes, like its files. */
  readonly folder: string;
  readonly files: readonly string[];
  readonly isCode: boolean;
}

/** Declarations as they were found. */
export interface FoundDeclarations {
  readonly sources: SourceFile[];
  /** For complainOfFolders. */
  readonly folders: FolderOfYaml[];
  readonly complaints: Complaint[];
}

const TOO_LARGE: Problem = [`is larger than ${MAX_BYTES / 1024} KiB`, "put long material into documents"];

/** Takes declarations that are in no file yet as if they were. */
export function takeDeclarations(given: readonly SourceFile[]): FoundDeclarations {
  const isTooLarge = ({ text }: SourceFile) => Buffer.byteLength(text) > MAX_BYTES;
  const complaints = given
    .filter(isTooLarge)
    .map(({ file }) => complaintAt({ file, line: 1, column: 1 }, ...TOO_LARGE));
  return { sources: given.filter((source) => !isTooLarge(source)), folders: [], complaints };
}

/**
 * Reads the folder of declarations: every `*.yaml` and `*.yml` directly in it. Complains about anything else instead of
 * skipping it, because an agent that is silently not read would be taken off the network. A folder without declarations is
 * valid: that is how the last agent is removed.
 */
export function readDeclarations(folder: string, projectRoot: string): FoundDeclarations {
  const sources: SourceFile[] = [];
  const folders: FolderOfYaml[] = [];
  const complaints: Complaint[] = [];
  const shown = (path: string) => relative(projectRoot, path).split(sep).join("/") || ".";
  const complain = (path: string, message: string, remedy: string, line = 1, column = 1) =>
    complaints.push(complaintAt({ file: shown(path), line, column }, message, remedy));

  const names = listFolder(folder);
  if (!names) {
    const remedy =
      "agents are YAML files in a folder of the project; if all are to go, keep it with a .gitkeep in it";
    complain(folder, "is not a readable folder", remedy);
    return { sources, folders, complaints };
  }
  if (!isInside(folder, projectRoot)) {
    complain(folder, "is a link to something outside the project", "put the folder itself there");
    return { sources, folders, complaints };
  }
  for (const name of names.filter((name) => !IGNORED_FILES.test(name))) {
    const path = join(folder, name);
    const problem = whyUnread(path, projectRoot);
    if (problem) complain(path, ...problem);
    else if (isFolder(path)) {
      const files = yamlBelow(path).map((file) => shown(join(path, file)));
      const isCode = CODE.some((file) => existsSync(join(path, file)));
      if (files.length > 0) folders.push({ folder: shown(path), files, isCode });
    } else {
      const decoded = decode(readFileSync(path));
      if (typeof decoded === "string") sources.push({ file: shown(path), text: decoded });
      else complain(path, decoded.message, "save it as UTF-8", decoded.line, decoded.column);
    }
  }
  return { sources, folders, complaints };
}

function listFolder(folder: string): string[] | undefined {
  try {
    return readdirSync(folder).toSorted(byText);
  } catch {
    return undefined;
  }
}

const isFolder = (path: string) => statSync(path).isDirectory();

/** Returns why an entry of the folder cannot be read as a declaration, and how to correct it. */
function whyUnread(path: string, projectRoot: string): Problem | undefined {
  try {
    return refuse(path, projectRoot);
  } catch (error) {
    const { code = "unknown reason" } = error as NodeJS.ErrnoException;
    return [`cannot be opened (${code})`, "check its permissions"];
  }
}

function refuse(path: string, projectRoot: string): Problem | undefined {
  const name = basename(path);
  if (lstatSync(path).isSymbolicLink()) {
    const problem = refuseLink(path, projectRoot);
    if (problem) return [problem, "put the file itself here, so clones have it"];
  }
  if (isFolder(path)) return refuseFolder(path);
  if (!statSync(path).isFile()) return ["is not a file", "agents are YAML files"];
  if (!YAML.test(name)) {
    return [
      "is not read, because its name does not end in .yaml",
      nearest(extname(name), [".yaml", ".yml"])
        ? `rename it to ${basename(name, extname(name))}.yaml`
        : "move it elsewhere",
    ];
  }
  if (statSync(path).size > MAX_BYTES) return TOO_LARGE;
  accessSync(path, constants.R_OK);
  return undefined;
}

function refuseLink(path: string, projectRoot: string): string | undefined {
  if (!isInside(path, projectRoot)) return "is a broken link, or a link to something outside the project";
  const shown = relative(projectRoot, path);
  if (privateProblem(projectRoot, shown)) return "is a link into .git or .masumi";
  return ignoredByGit(projectRoot, [shown]).size > 0 ? "is a link to something that git ignores" : undefined;
}

/** A folder that stands where an agent did would take it off the network. */
function refuseFolder(path: string): Problem | undefined {
  if (MEANT_AS_YAML.test(path)) {
    return ["is a folder instead of a file", "put the file back; to remove the agent, remove the folder"];
  }
  yamlBelow(path); // throws if it cannot be opened
  return undefined;
}

const yamlBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => MEANT_AS_YAML.test(name));

/** Complains of folders beside the declarations that may hide some: only what a declaration builds is known to be none. */
export function complainOfFolders(
  folders: readonly FolderOfYaml[],
  built: readonly string[],
  complaints: Complaint[],
): void {
  const isBelow = (path: string, folder: string) => `${path}/`.startsWith(`${folder}/`);
  for (const { folder, files, isCode } of folders) {
    const known = built.filter((one) => isBelow(one, folder));
    if (files.every((file) => known.some((one) => isBelow(file, one)))) continue;
    const remedy = `move its YAML files to ${dirname(folder)}/, name the folder in a build: or in a stack's masumi:agents, or remove it`;
    const isUnused = isCode && known.length === 0 && !built.some((one) => isBelow(folder, one));
    const [message, what] = isUnused ? UNUSED_CODE : ["is a folder, and subfolders are not read", remedy];
    complaints.push(complaintAt({ file: folder, line: 1, column: 1 }, message, what));
  }
}

const UNUSED_CODE: Problem = [
  "is a crew's code that no agent builds",
  "remove it, too, if its agent was removed, or name it in a build:",
];

interface Undecodable {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Decodes UTF-8, dropping a byte order mark. */
function decode(bytes: Buffer): string | Undecodable {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { line: 1, column: 1, message: "is encoded in UTF-16" };
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { ...firstBadCharacter(bytes), message: "is not encoded in UTF-8 from here on" };
  }
}

function firstBadCharacter(bytes: Buffer): { line: number; column: number } {
  const lines = bytes.toString("utf8").split("\u{fffd}", 1)[0]?.split("\n") ?? [];
  return { line: Math.max(1, lines.length), column: (lines.at(-1)?.length ?? 0) + 1 };
}
