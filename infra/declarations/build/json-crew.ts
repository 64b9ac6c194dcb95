import type { Complaint } from "../load/complaint.ts";
import { type Located, complainTo, toPlain } from "../load/located.ts";
import { type Purpose, parseMap } from "../load/parse.ts";
import { didYouMean } from "../schema/suggest.ts";
import { type ConfigText, textAt } from "./crew-config.ts";
import type { OwnFiles } from "./own-files.ts";

/*
 * A crew as `crewai create crew` makes it unless asked for Python: crew.jsonc with the tasks, and a file for each agent. JSON is
 * YAML once its comments are blanked, so the parser of YAML says where each value is.
 */

export const CREW_JSON = "crew.jsonc";

const PURPOSE: Purpose = {
  ifEmpty: "write what CrewAI reads from it, in braces",
  ifSeveral: "keep one of them",
  ifNoMap: ["is not a JSON object", "write its keys in braces"],
};

/** What a crew in JSON says of its inputs. */
export interface JsonCrew {
  readonly texts: readonly ConfigText[];
  /** Names of the inputs that the crew itself has a value for. */
  readonly defaults: readonly string[];
}

/** Returns what such a crew says; complains of what CrewAI could not make a crew of. */
export function readJsonCrew(files: OwnFiles, complaints: Complaint[]): JsonCrew {
  const crew = readJson(files, CREW_JSON, complaints);
  if (!crew) return { texts: [], defaults: [] };
  const complain = complainTo(complaints, crew);
  const { agents, tasks, inputs, manager_agent: manager } = toPlain(crew.root) as Record<string, unknown>;
  const names = Array.isArray(agents) ? agents.filter((name) => typeof name === "string") : [];
  const ofAgents = names.flatMap((name, index) => {
    const path = [`agents/${name}.jsonc`, `agents/${name}.json`].find((file) => files.has(file));
    if (path !== undefined) return textsOfAgent(readJson(files, path, complaints));
    complain(
      ["agents", index],
      `${files.shown(`agents/${name}.jsonc`)} does not exist`,
      "add it, or remove the name",
    );
    return [];
  });
  const ofTasks = (Array.isArray(tasks) ? tasks : []).flatMap((task: unknown, index) => {
    const { agent } = (task ?? {}) as Record<string, unknown>;
    if (typeof agent === "string" && agent !== manager && !names.includes(agent)) {
      complain(
        ["tasks", index, "agent"],
        `"${agent}" is not an agent of this crew`,
        didYouMean(agent, names),
      );
    }
    return ["description", "expected_output"].flatMap((key) => textAt(crew, ["tasks", index, key]));
  });
  return { texts: [...ofAgents, ...ofTasks], defaults: Object.keys(inputs ?? {}) };
}

/** Returns whether a crew in JSON has its inputs changed by functions of its author. */
export const hasCallbacks = (files: OwnFiles): boolean =>
  /"before_kickoff_callbacks"\s*:/.test(withoutComments(files.text(CREW_JSON)));

const textsOfAgent = (agent: Located | undefined): ConfigText[] =>
  agent ? ["role", "goal", "backstory"].flatMap((key) => textAt(agent, [key])) : [];

function readJson(files: OwnFiles, path: string, complaints: Complaint[]): Located | undefined {
  const source = { file: files.shown(path), text: withoutComments(files.text(path)) };
  const { located, complaints: wrong } = parseMap(source, PURPOSE);
  complaints.push(...wrong);
  return located;
}

const STRING_OR_COMMENT = /"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|\t/g;

/** Blanks comments and tabs, and keeps every offset. */
const withoutComments = (text: string): string =>
  text.replaceAll(STRING_OR_COMMENT, (found) =>
    found.startsWith('"') ? found : found.replaceAll(/[^\n]/g, " "),
  );
