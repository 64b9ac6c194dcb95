import { existsSync } from "node:fs";
import { readAgentOutputs } from "../stacks/outputs.ts";
import { LOCAL_STACK, type Project, stackFile } from "../stacks/project.ts";
import { UserError } from "../stacks/user-error.ts";
import { isLoopback } from "./agent-api.ts";

/** The agent that is meant: by the stack's outputs, or by nothing but its URL. */
export interface Target {
  /** Without a slash at its end. */
  readonly url: string;
  readonly agentIdentifier?: string;
  readonly walletVkey?: string;
}

function targetOfUrl(text: string): Target {
  const problem = urlProblem(text);
  if (problem) throw new UserError(`${text}: ${problem}`);
  return { url: text.replace(/\/+$/, "") };
}

function urlProblem(text: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return "this is no URL.";
  }
  if (url.username || url.password || url.search || url.hash) {
    return "the agent's base URL has no credentials, query or fragment.";
  }
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(text))) return undefined;
  return "the input would travel in the clear: use an https URL (plain http is for this machine only).";
}

/** Finds the agent by its id in a stack, or takes its URL. @throws UserError */
export async function findTarget(project: Project, stack: string, agent: string): Promise<Target> {
  if (/^https?:\/\//i.test(agent)) return targetOfUrl(agent);
  const isFresh = stack === LOCAL_STACK && !existsSync(stackFile(project, stack));
  const agents = isFresh ? [] : await readAgentOutputs(project, stack, { env: process.env });
  const found = agents.find(({ id }) => id === agent);
  if (found)
    return {
      ...targetOfUrl(found.url),
      agentIdentifier: found.agentIdentifier,
      walletVkey: found.walletVkey,
    };
  const known = agents.map(({ id }) => id).join(", ");
  throw new UserError(
    `There is no agent "${agent}" in stack ${stack}${known ? ` (there are ${known})` : ", which has none"}. ` +
      "Name another, or give an agent's URL.",
  );
}
