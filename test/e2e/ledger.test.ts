import { afterAll, beforeAll, expect, it } from "vitest";
import { parseLedger } from "../../providers/masumi/service/ledger/index.ts";
import type { SpentDocument } from "../../stacks/index.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";
import { LocalS3 } from "../helpers/s3.ts";
import { type ServiceUnderTest, startServiceUnderTest, useService } from "../helpers/service-under-test.ts";

let service: ServiceUnderTest;
let outside: OutsideAgents;
let s3: LocalS3;
const project = new TestProject();

beforeAll(async () => {
  service = await startServiceUnderTest();
  outside = await startOutsideAgents();
  s3 = await LocalS3.start();
  await s3.client.createBucket({ Bucket: "example-ledger" });
  Object.assign(project.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" });
  const ledger = { bucket: "example-ledger", endpoint: s3.endpoint, region: "us-east-1" };
  await useService(project, service, { maxAda: "12", ledger: JSON.stringify(ledger) });
}, 120_000);

afterAll(async () => {
  await project.dispose();
  await service.close();
  await outside.close();
  await s3[Symbol.asyncDispose]();
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
  expect(await s3.keys("example-ledger")).toHaveLength(3);
  // What an earlier run could not send, a run that has nothing else to do sends.
  const [first = ""] = await s3.keys("example-ledger");
  await s3.client.deleteObject({ Bucket: "example-ledger", Key: first });
  project.remove(".masumi/ledger-sent");
  await project.report("up");
  expect(lines()).toEqual(registered);
  expect(await s3.keys("example-ledger")).toHaveLength(3);
  await project.report("destroy");
  expect(await s3.keys("example-ledger")).toHaveLength(6);
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
