import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { aws } from "./aws/package.ts";
import { problemsOf, withName } from "./server/inputs.ts";
import type { PropertyMap } from "./server/package.ts";

interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly inputs: PropertyMap;
}

/** The emulator has no such service. */
const NOT_PLAYED = /^aws:appautoscaling\//;

/** What the program asks of the aws provider with the hosting ecs-alb, as recorded under mocks. */
const asked = globSync("test/fixtures/hosting/ecs-alb-*/expected.json", {
  cwd: join(import.meta.dirname, "../.."),
})
  .flatMap((file) => JSON.parse(readFileSync(join(import.meta.dirname, "../..", file), "utf8")) as Recorded[])
  .filter(({ type }) => type.startsWith("aws:") && !NOT_PLAYED.test(type));

describe("the aws plugin of the tests", () => {
  it("knows the types that ecs-alb uses, and no other", () => {
    expect(Object.keys(aws.resources).toSorted()).toEqual(
      [...new Set(asked.map(({ type }) => type))].toSorted(),
    );
  });

  it.each([...new Set(asked.map(({ type }) => type))])("takes the inputs that ecs-alb gives %s", (type) => {
    for (const { name, inputs } of asked.filter((one) => one.type === type)) {
      const known = aws.resources[type];
      if (!known) throw new Error(`it knows no ${type}`);
      expect(problemsOf(known.inputs, withName(known, inputs, { name, olds: {}, seed: "0" }))).toEqual([]);
    }
  });

  it("refuses what it does not know by name", () => {
    const known = aws.resources["aws:cloudwatch/logGroup:LogGroup"];
    if (!known) throw new Error("it knows no log group");
    expect(problemsOf(known.inputs, { name: "/a", retentionInDays: 1, kmsKeyId: "k" })).toMatchObject([
      { property: "kmsKeyId", reason: expect.stringContaining("kmsKeyId") as string },
    ]);
  });

  it("reaches nothing but this machine", () => {
    const before = process.env["AWS_ENDPOINT_URL"];
    process.env["AWS_ENDPOINT_URL"] = "https://ecs.eu-central-1.amazonaws.com";
    try {
      expect(() => aws.connect({ region: "eu-central-1" })).toThrow("this machine");
    } finally {
      if (before === undefined) delete process.env["AWS_ENDPOINT_URL"];
      else process.env["AWS_ENDPOINT_URL"] = before;
    }
  });
});
