/* node cli/verbatim-block.ts <file> [most]: prints a file as a block of Markdown that shows it as it is. For workflows. */
import { readFileSync } from "node:fs";
import { verbatimBlock } from "./verbatim.ts";

/** In characters: GitHub takes 65,536 for a comment, and a sign may become six. */
const MOST = "10000";

const [file = "", most = MOST] = process.argv.slice(2);
process.stdout.write(verbatimBlock(readFileSync(file, "utf8"), Number(most)));
