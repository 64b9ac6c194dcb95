import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeAtomicallySync } from "../../providers/common/atomic-write.ts";

/** Makes a folder have exactly these files; what is as it should be is not touched. */
export function placeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) {
    const file = join(folder, name);
    if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeAtomicallySync(file, text);
  }
  for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    if (!files.has(name)) rmSync(join(folder, name));
  }
}
