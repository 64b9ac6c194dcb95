import { stringify } from "yaml";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { checkLedger } from "../../cli/doctor/ledger.ts";
import { openProject } from "../../stacks/project.ts";
import { TestProject } from "../helpers/project.ts";
import { LocalS3 } from "../helpers/s3.ts";

let s3: LocalS3;
const project = new TestProject();

beforeAll(async () => {
  s3 = await LocalS3.start();
  await s3.client.createBucket({ Bucket: "example-ledger" });
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
}, 120_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await project.dispose();
  await s3[Symbol.asyncDispose]();
});

const check = (ledger?: Record<string, unknown>) => {
  const config = ledger ? { "masumi:ledger": { endpoint: s3.endpoint, region: "us-east-1", ...ledger } } : {};
  project.write("Pulumi.preprod.yaml", stringify({ config }));
  return checkLedger(openProject(project.root), "preprod", {});
};

it("of a stack without a bucket is not looked at", async () => {
  expect(await check()).toMatchObject([{ status: "skip" }]);
});

it("says whether the ledger's bucket can be written, also the second time", async () => {
  for (const _ of [1, 2]) expect(await check({ bucket: "example-ledger" })).toMatchObject([{ status: "ok" }]);
  const [missing] = await check({ bucket: "no-such-bucket" });
  expect(missing).toMatchObject({ status: "fail" });
  expect(missing?.message).toMatch(/no-such-bucket\/masumi-agents\/preprod cannot be written \(NoSuchBucket/);
  expect(missing?.remedy).toMatch(/s3:PutObject/);
  s3.faults.push(403);
  expect(await check({ bucket: "example-ledger" })).toMatchObject([{ status: "fail" }]);
});
