import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeRecord } from "../../../infra/fleet/index.ts";
import { type AgentView, agent as agentSchema } from "../../../portal/api/schemas.ts";
import { OWN_TEMPLATES } from "../../../portal/templates/template.ts";
import { loadStackAgents } from "../../../stacks/agents.ts";
import { evalDigestOf } from "../../../stacks/eval/stack.ts";
import { prepareLocalStack } from "../../../stacks/index.ts";
import { type TestedApi, form, json, placeDeclaration, startApi } from "./portal-api.ts";

/* How an agent was evaluated where its fleet is deployed. */

const FLEET = 1;
const EVALS = "evals: [{ name: Answers at once, inputs: { question: How? }, checks: { maxSeconds: 60 } }]";

let api: TestedApi;
let portal: TestedApi;
const folder = mkdtempSync(join(tmpdir(), "masumi-portal-templates-"));
beforeAll(async () => {
  api = await startApi();
  await prepareLocalStack(api.fleets.project, {
    stack: api.fleets.model,
    sandboxUrl: "http://127.0.0.1:9",
    settings: { "masumi:agents": api.fleets.named(FLEET).folder },
  });
  const text = readFileSync(join(OWN_TEMPLATES, "support-desk.yaml"), "utf8");
  writeFileSync(join(folder, "support-desk.yaml"), text.replace("payment: V2", `payment: V2\n  ${EVALS}`));
  portal = await api.beside({ PORTAL_TEMPLATES: folder });
}, 300_000);
afterAll(async () => {
  await portal.close();
  await api.close();
  rmSync(folder, { recursive: true });
});

const seen = async (id: string, user = "ada") =>
  agentSchema.strict().parse(await (await portal.send("GET", `/agents/${id}`, user)).json()).evaluations;

it("is told whose the agent is, with when and of which declaration, and whether that is the one that runs", async () => {
  const response = await portal.send("POST", "/agent", "ada", json(form("Evaluated")));
  const { agentId } = (await response.json()) as { agentId: string };
  const file = await placeDeclaration(portal, FLEET, agentId);
  expect(await seen(agentId), "nobody has evaluated it").toBeUndefined();

  const { project } = api.fleets;
  const { stack } = api.fleets.named(FLEET);
  const [agent] = loadStackAgents(project, stack).readable;
  if (!agent) throw new Error("the declaration has mistakes");
  const digest = evalDigestOf(project, stack, agent) ?? "";
  const quoted = "does not contain what the customer wrote";
  writeRecord(project.root, {
    version: 1,
    agent: agentId,
    stack,
    digest,
    model: { api: null, name: "stub" },
    time: "2026-11-30T12:00:00.000Z",
    evals: [
      {
        name: "Answers at once",
        passed: false,
        tokens: 1,
        seconds: 61,
        checks: [{ check: "maxSeconds", passed: false, said: quoted }],
      },
    ],
  });
  const expected: AgentView["evaluations"] = {
    evaluatedAt: "2026-11-30T12:00:00.000Z",
    declaration: digest,
    isCurrent: true,
    passed: false,
    isStub: true,
    evals: [{ name: "Answers at once", passed: false }],
  };
  expect(await seen(agentId)).toEqual(expected);
  expect(await seen(agentId, "operator-1")).toEqual(expected);
  const answer = await (await portal.send("GET", `/agents/${agentId}`, "ada")).text();
  expect(answer, "what checks say may quote a result").not.toContain(quoted);
  expect((await portal.send("GET", `/agents/${agentId}`, "bert")).status).toBe(404);
  const list = (await (await portal.send("GET", "/agents", "ada")).json()) as { agents: AgentView[] };
  expect(list.agents[0]?.evaluations).toBeUndefined();

  writeFileSync(file, readFileSync(file, "utf8").replace("maxSeconds: 60", "maxSeconds: 30"));
  expect(await seen(agentId)).toEqual({ ...expected, isCurrent: false });
});
