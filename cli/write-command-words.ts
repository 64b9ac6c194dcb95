/**
 * Rewrites what is made of the commands' own descriptions: `npm run words`. cli/command-words.json is what the launcher reads before
 * anything is installed; llms.txt and the skill are for people's helpers.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commandWordsJson } from "./command-words.ts";
import { guideFiles } from "./guide/index.ts";
import { PACKAGE_ROOT } from "../providers/common/own-files.ts";

const files = new Map([["cli/command-words.json", commandWordsJson()], ...guideFiles()]);
for (const [path, text] of files) {
  const file = join(PACKAGE_ROOT, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
