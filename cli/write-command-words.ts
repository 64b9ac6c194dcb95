/** Rewrites cli/command-words.json: `npm run words`. The launcher reads it before anything is installed. */
import { writeFileSync } from "node:fs";
import { commandWordsJson } from "./command-words.ts";

writeFileSync(new URL("./command-words.json", import.meta.url), commandWordsJson());
