import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { parse } from "yaml";

/** Returns whether a folder is the project whose program runs; a state may be of another clone. */
export function isOwnProject(root: string): boolean {
  const program = programOf(root);
  return program !== undefined && contains(program, process.cwd());
}

/** Returns where a project's program is, a file or a folder; undefined if there is no project. */
function programOf(root: string): string | undefined {
  const file = join(root, "Pulumi.yaml");
  if (!existsSync(file)) return undefined;
  const { main = "." } = parse(readFileSync(file, "utf8")) as { main?: string };
  return resolve(root, main);
}

/** Returns whether a folder is a program's, or below it; a program that is a file has its own folder. */
function contains(program: string, folder: string): boolean {
  if (!existsSync(program)) return false;
  const real = realpathSync(program);
  const below = relative(statSync(real).isDirectory() ? real : dirname(real), realpathSync(folder));
  return !isAbsolute(below) && below.split(sep)[0] !== "..";
}
