import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Places } from "../../../portal/places.ts";
import { tryAgent } from "../../../portal/runs/try.ts";
import { openProject, prepareLocalStack } from "../../../stacks/index.ts";
import { placeTriedAgent } from "../../../stacks/try/tried-agent.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "masumi-portal-try-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: fleets\nruntime: nodejs\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const AGENT = `name: Desk
description: Answers.
capability: { name: answers, version: 1.0.0 }
tags: [answers]
author: { name: Example }
pricing: free
input: [{ id: question, type: string, name: Question }]
crew:
  agents: { desk: { role: Desk, goal: Answer, backstory: You answer. } }
  tasks: [{ name: answer, agent: desk, description: "{question}", expected_output: An answer. }]
`;

describe("trying an agent", () => {
  it("begins with its first try, also if it has no documents", async () => {
    const project = openProject(folder);
    const settings = { "masumi:agents": "agents" };
    await prepareLocalStack(project, { stack: "local-first", sandboxUrl: "http://127.0.0.1:9", settings });
    mkdirSync(join(folder, "agents"), { recursive: true });
    writeFileSync(join(folder, "agents/desk.yaml"), AGENT);
    const wanted = { stack: "local-first", agentId: "desk" };
    const environment = { venv: "venv", python: "python", uv: "uv" };
    const placed = await placeTriedAgent(project, environment, wanted, () => undefined);
    expect(placed).toMatchObject({ agent: { id: "desk" } });
    const declaration = join(folder, ".masumi/try/desk/crew.json");
    expect(readFileSync(declaration, "utf8")).toContain("You answer.");
    // What customers ask is kept beside it.
    expect(statSync(join(folder, ".masumi/try/desk")).mode & 0o777).toBe(0o700);
  });

  it("is done once at a time for each user, so that nobody keeps all others from it", async () => {
    const project = openProject(folder);
    const attempt = (userId: string) =>
      tryAgent(
        { userId, project, stack: "local-customers-01", agentId: "a", input: {}, env: {} },
        AbortSignal.timeout(60_000),
      );
    const ends = await Promise.allSettled([
      attempt("anna"),
      attempt("anna"),
      attempt("ben"),
      attempt("cleo"),
    ]);
    const reasons = ends.map((end) => (end.status === "rejected" ? String(end.reason) : end.status));
    expect(reasons).toEqual([
      expect.stringContaining("not deployed"),
      expect.stringContaining("being tried just now"),
      expect.stringContaining("not deployed"),
      expect.stringContaining("being tried just now"),
    ]);
  });
});

describe("places", () => {
  it("are given back once, however often that is said", () => {
    const places = new Places({ each: 1 });
    const giveBack = places.take("anna");
    expect(places.take("anna")).toBeUndefined();
    giveBack?.();
    const again = places.take("anna");
    expect(again).toBeDefined();
    giveBack?.();
    expect(places.take("anna")).toBeUndefined();
    expect(places.take("ben")).toBeDefined();
  });
});
