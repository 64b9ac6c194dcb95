import { isLoopbackUrl } from "../../../providers/common/loopback.ts";
import type { StackConfig } from "../../config.ts";
import { type Agent, type WhatRuns, runsInRuntime, trackedByGit } from "../../declarations/index.ts";
import { type EvalRecord, RECORDS_ROOT, readRecord, recordFile } from "./record.ts";

/** How an agent stands with its evaluations, as it is declared now. */
export type EvalState =
  /** It passed all of them. */
  | "passed"
  /** It did not pass all of them. */
  | "failed"
  /** What was evaluated is another crew, or other evaluations. */
  | "outdated"
  /** It was evaluated with another model than the stack's. */
  | "other-model"
  /** The record is in git, where whoever commits can write what they like. */
  | "committed"
  /** Whether the record is in git cannot be told: there is a repository, and git refuses to say what it has. */
  | "untold"
  /** It was not evaluated here. */
  | "none";

export interface EvalStanding {
  readonly state: EvalState;
  /** What it was last evaluated as, if it was. */
  readonly record: EvalRecord | undefined;
}

/** What the standing of agents depends on. */
export interface Evaluating {
  readonly config: Pick<StackConfig, "stack" | "modelApi">;
  /** The project's folder, where records are kept; without one there are none. */
  readonly projectRoot: string | undefined;
}

/** Returns how the agents with evaluations stand, by id. Reads their records, and asks git once what it has of them. */
export function standingsOf(
  agents: readonly Agent[],
  runs: ReadonlyMap<string, Pick<WhatRuns, "evalDigest">>,
  { config, projectRoot }: Evaluating,
): ReadonlyMap<string, EvalStanding> {
  let asked: { readonly tracked: ReadonlySet<string> | undefined } | undefined;
  const inGit = (root: string, file: string): "committed" | "untold" | undefined => {
    asked ??= { tracked: trackedByGit(root, RECORDS_ROOT) };
    const { tracked } = asked;
    if (!tracked) return "untold";
    return partsOf(file).some((path) => tracked.has(path)) ? "committed" : undefined;
  };
  return new Map(
    agents.flatMap(({ id, evals }): [string, EvalStanding][] => {
      const digest = runs.get(id)?.evalDigest;
      if (!evals || digest === undefined) return [];
      const record = projectRoot === undefined ? undefined : readRecord(projectRoot, config.stack, id);
      if (projectRoot === undefined || !record) return [[id, { state: "none", record: undefined }]];
      const state = inGit(projectRoot, recordFile(config.stack, id)) ?? stateOf(record, digest, config);
      return [[id, { state, record }]];
    }),
  );
}

/** Returns a path and each folder above it: git may have a link in the place of any of them. */
const partsOf = (path: string): string[] =>
  path.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"));

function stateOf(record: EvalRecord, digest: string, { modelApi }: Evaluating["config"]): EvalState {
  if (record.digest !== digest) return "outdated";
  if (record.model.api !== evaluatedApi(modelApi)) return "other-model";
  return record.evals.every(({ passed }) => passed) ? "passed" : "failed";
}

/** Returns the API that counts for a stack, as records name it: null where that is a sandbox's stub model, wherever it listens. */
export function evaluatedApi(modelApi: string | undefined): string | null {
  if (modelApi === undefined) return null;
  return isLoopbackUrl(modelApi) && new URL(modelApi).pathname === "/model/v1" ? null : modelApi;
}

/** Returns why a run must not go on, of each agent that did not pass as it is declared; nothing unless the stack demands it. */
export function evalRefusals(
  { requireEvals, stack }: Pick<StackConfig, "requireEvals" | "stack">,
  standings: ReadonlyMap<string, EvalStanding>,
): string[] {
  if (!requireEvals) return [];
  return [...standings].flatMap(([id, standing]) =>
    standing.state === "passed" ? [] : [`${id} ${reasonOf(standing)} ${remedyOf(standing, id, stack)}`],
  );
}

/** Returns which agents are not held to evaluations, though the stack demands them. */
export function unevaluatedWarnings(
  { requireEvals, stack }: Pick<StackConfig, "requireEvals" | "stack">,
  agents: readonly Agent[],
): string[] {
  const others = agents.filter((agent) => !runsInRuntime(agent)).map(({ id }) => id);
  if (!requireEvals || others.length === 0) return [];
  return [
    `Stack ${stack} demands evaluations, which do not reach what is not a crew in the crew runtime: ${others.join(", ")}. ` +
      "masumi:policy can keep authors from declaring such agents.",
  ];
}

function reasonOf({ state, record }: EvalStanding): string {
  switch (state) {
    case "failed": {
      const failed = record?.evals.filter(({ passed }) => !passed).map(({ name }) => `"${name}"`) ?? [];
      return `did not pass ${failed.join(", ")}.`;
    }
    case "outdated":
      return "has changed since it was evaluated: the crew, a document, a package, the crew runtime, or its evaluations.";
    case "other-model":
      return `was evaluated with ${record?.model.api ?? "the stub model"}, which is not this stack's masumi:modelApi.`;
    case "committed":
      return "has results in git, where whoever commits can write them, so they do not count.";
    case "untold":
      return "has results that do not count, since git does not say whether somebody has committed them.";
    default:
      return "was not evaluated on this machine.";
  }
}

function remedyOf({ state }: EvalStanding, id: string, stack: string): string {
  const run = `npx masumi-agents eval ${id} --stack ${stack}`;
  if (state === "committed") return `Remove them (git rm -r --cached .masumi), and run ${run}.`;
  if (state === "untold") {
    return (
      "Have git ls-files work in the project's folder: install git, or, if the folder belongs to somebody else as in a container, run " +
      "git config --global --add safe.directory with it."
    );
  }
  return `Run ${run}${state === "failed" ? ", once the crew does better" : ""}.`;
}
