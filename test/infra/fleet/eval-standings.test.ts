import { afterEach, expect, it } from "vitest";
import type { Agent } from "../../../infra/declarations/index.ts";
import { standingsOf } from "../../../infra/fleet/evals/standing.ts";
import { writeRecord } from "../../../infra/fleet/evals/record.ts";
import { TestProject } from "../../helpers/project.ts";

const project = new TestProject();
afterEach(() => project.dispose());

it("believes no outcome where there is a repository whose git does not tell what is committed", () => {
  writeRecord(project.root, {
    version: 1,
    agent: "weather",
    stack: "preprod",
    digest: "of-the-crew",
    model: { api: null, name: "stub" },
    time: "2026-11-30T12:00:00.000Z",
    evals: [{ name: "Says it", passed: true, tokens: 1, seconds: 1, checks: [] }],
  });
  const agent = { id: "weather", evals: [{}] } as unknown as Agent;
  const runs = new Map([["weather", { evalDigest: "of-the-crew" }]]);
  const config = { stack: "preprod", modelApi: undefined };
  const state = () => standingsOf([agent], runs, { config, projectRoot: project.root }).get("weather")?.state;
  expect(state()).toBe("passed");
  // As git answers in a container whose checkout belongs to somebody else.
  project.write(".git", "gitdir: /nowhere\n");
  expect(state()).toBe("untold");
});
