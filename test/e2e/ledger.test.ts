import { afterAll, beforeAll, expect, it } from "vitest";
import { parseLedger } from "../../providers/masumi/service/ledger/index.ts";
import type { SpentDocument } from "../../stacks/index.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";
import { type ServiceUnderTest, startServiceUnderTest, useService } from "../helpers/service-under-test.ts";

let service: ServiceUnderTest;
let outside: OutsideAgents;
const project = new TestProject();

beforeAll(async () => {
  service = await startServiceUnderTest();
  outside = await startOutsideAgents();
  await useService(project, service, { maxAda: "12" });
}, 120_000);

afterAll(async () => {
  await project.dispose();
  await service.close();
  await outside.close();
}, 120_000);

const lines = () => {
  const { entries } = parseLedger(project.read(".masumi/ledger.jsonl"));
  return entries.map(({ event, kind, plan }) => ({ event, kind, hasPlan: plan !== null }));
};

it("a run's ledger knows the plan of its program; a second run adds nothing; a destroy is in it", async () => {
  project.write(
    "agents/reviewer.yaml",
    outsideAgent("Reviewer", outside.url, { payment: "V1", price: "5 ADA" }),
  );
  await project.report("up");
  const registered = ["sent", "answered", "confirmed"].map((event) => ({
    event,
    kind: "register",
    hasPlan: true,
  }));
  expect(lines()).toEqual(registered);
  await project.report("up");
  expect(lines()).toEqual(registered);
  await project.report("destroy");
  const burned = ["sent", "answered", "confirmed"].map((event) => ({
    event,
    kind: "deregister",
    hasPlan: false,
  }));
  expect(lines()).toEqual([...registered, ...burned]);
  const { stdout, exitCode } = await project.run("spent", "--json", "--stack", "local");
  expect(exitCode).toBe(0);
  expect((JSON.parse(stdout) as SpentDocument).total).toMatchObject({ registrations: 1, burns: 1 });
  expect((await project.run("spent")).stdout).toMatch(/reviewer +1 +0 +1 +0\.751674 +5 +5/);
}, 180_000);
