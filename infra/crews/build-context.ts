import { createHash } from "node:crypto";
import {
  chmodSync,
  globSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { crewFolder } from "../../providers/common/own-files.ts";
import { filesInFolder, folderProblems } from "../declarations/index.ts";
import { HostingError } from "./errors.ts";

/** A file that an image is built from. */
export interface ContextFile {
  /** Relative to the context, with forward slashes. */
  readonly path: string;
  readonly content: Buffer;
  readonly executable: boolean;
}

export const textFile = (path: string, text: string): ContextFile => ({
  path,
  content: Buffer.from(text),
  executable: false,
});

const byPath = (a: ContextFile, b: ContextFile) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

/** Staged files have fixed modes, because those of a clone depend on its owner's umask. */
const modeOf = ({ executable }: ContextFile) => (executable ? 0o755 : 0o644);

/** Returns the first 16 hex digits of contextDigest, for names. */
export const contextHash = (files: readonly ContextFile[], ...alsoDecisive: readonly string[]): string =>
  contextDigest(files, ...alsoDecisive).slice(0, 16);

/**
 * Returns a SHA-256 of names, modes, contents and anything else that determines what is built. It is the same on every machine
 * with the same files.
 */
export function contextDigest(files: readonly ContextFile[], ...alsoDecisive: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(alsoDecisive));
  for (const file of files.toSorted(byPath)) {
    hash.update(`\0${file.path}\0${modeOf(file)}\0${file.content.byteLength}\0`).update(file.content);
  }
  return hash.digest("hex");
}

/** Makes `folder` contain exactly these files. Files that are already correct are left alone. */
export function stageContext(folder: string, files: readonly ContextFile[]): void {
  const wanted = new Set(files.map(({ path }) => path));
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/");
    const wantedBelow = files.some((file) => file.path.startsWith(`${path}/`));
    const right = entry.isDirectory() ? wantedBelow : entry.isFile() && wanted.has(path);
    if (!right) rmSync(join(folder, path), { recursive: true, force: true });
  }
  for (const file of files) {
    const target = join(folder, file.path);
    makeFolders(folder, dirname(file.path));
    if (!holds(target, file)) writeFileSync(target, file.content);
    chmodSync(target, modeOf(file));
  }
}

/** Makes folders that whoever runs the image can read, even if the owner of this clone has a restrictive umask. */
function makeFolders(root: string, path: string): void {
  if (path === ".") return;
  makeFolders(root, dirname(path));
  mkdirSync(join(root, path), { recursive: true });
  chmodSync(join(root, path), 0o755);
}

const holds = (target: string, { content }: ContextFile): boolean =>
  (statSync(target, { throwIfNoEntry: false })?.isFile() ?? false) && readFileSync(target).equals(content);

/** Returns the files of the crew runtime: those that crew/Dockerfile copies, without what tests and tools leave behind. */
export function runtimeContext(projectRoot: string): ContextFile[] {
  const folder = crewFolder(projectRoot);
  const sources = globSync("src/**/*", { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|[\\/])(__pycache__|\.[^\\/]*)([\\/]|$)|\.pyc$/.test(path));
  return ["Dockerfile", "installer/requirements.txt", "pyproject.toml", "uv.lock", ...sources]
    .map((path) => readContextFile(folder, path))
    .toSorted(byPath);
}

/**
 * Returns the files of a folder for an image, as a clone of the repository has them. One of them must be `indispensable`.
 *
 * @param listed lists the files that belong to it
 * @throws HostingError BUILD_CONTEXT_INVALID
 */
export function folderContext(
  projectRoot: string,
  folder: string,
  indispensable = "Dockerfile",
  listed: (root: string) => string[] = filesInFolder,
): ContextFile[] {
  const root = join(projectRoot, folder);
  const paths = listed(root);
  const [problem] = folderProblems(projectRoot, folder, paths, indispensable);
  if (problem) refuse(problem);
  return paths.map((path) => readContextFile(root, path)).toSorted(byPath);
}

function refuse({ message, remedy }: { readonly message: string; readonly remedy: string }): never {
  const sentence = `${remedy[0]?.toUpperCase() ?? ""}${remedy.slice(1)}.`;
  throw new HostingError("BUILD_CONTEXT_INVALID", `${message}.`, sentence);
}

function readContextFile(root: string, path: string): ContextFile {
  const full = join(root, path);
  return {
    path: path.split(sep).join("/"),
    content: readFileSync(full),
    executable: (statSync(full).mode & 0o111) !== 0,
  };
}
