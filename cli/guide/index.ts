import { llmsText } from "./llms.ts";
import { skillFiles } from "./skill.ts";

/** Return what helpers of people read about the commands, by its path from the top of the repository. */
export const guideFiles = (): ReadonlyMap<string, string> =>
  new Map([["llms.txt", llmsText()], ...skillFiles()]);
