import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expressUrl } from "../../../infra/hosting/ecs/url.ts";
import { environmentList, secretList } from "../../../infra/deploy/ecs/container-definition.ts";
import { agentPolicy, assumedBy } from "../../../infra/deploy/ecs/policies.ts";
import {
  GRACE_SECONDS,
  STOP_SECONDS,
  rolloutMinutes,
  serviceTimeouts,
} from "../../../infra/deploy/ecs/timeouts.ts";
import { boundedName } from "../../../infra/hosting/names.ts";
import { stableNumbers } from "../../../infra/hosting/stable-numbers.ts";

const id = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

describe("bounded names", () => {
  it.each<[max: number, parts: [string, ...string[]], name: RegExp]>([
    [32, ["researcher", "masumi", "preprod"], /^researcher-[0-9a-f]{8}$/],
    [32, ["a-very-long-id-of-an-agent-that-researches", "masumi"], /^a-very-long-id-of-an-ag-[0-9a-f]{8}$/],
    [32, ["ends-in-a-hyphen-after-cut-x-yz", "masumi"], /^ends-in-a-hyphen-after-[0-9a-f]{8}$/],
    [8, ["researcher"], /^[0-9a-f]{8}$/],
    [24, ["Masumi Agents_dev"], /^masumi-agents-d-[0-9a-f]{8}$/],
  ])("of at most %i characters for %j", (max, parts, name) => {
    expect(boundedName(max, ...parts)).toMatch(name);
  });

  it("are what a target group may be called, and differ where the parts do", () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 20 }), (ids) => {
        const names = ids.map((id) => boundedName(32, id, "masumi", "preprod"));
        for (const name of names) expect(name).toMatch(/^(?=.{1,32}$)[a-z0-9]+(-[a-z0-9]+)*$/);
        expect(new Set(names).size).toBe(ids.length);
      }),
    );
  });

  it("do not confuse parts with one another", () => {
    expect(boundedName(32, "a", "b-c")).not.toBe(boundedName(32, "a", "b", "c"));
  });
});

describe("slots", () => {
  const range = { first: 1, count: 50_000 };
  const crowded = { first: 10, count: 30 };

  it("are the same on every machine", () => {
    expect([...stableNumbers(["market-researcher", "contract-reviewer"], range)]).toEqual([
      ["contract-reviewer", 42_377],
      ["market-researcher", 19_328],
    ]);
  });

  it("are unique, in their range, and do not depend on the order of ids", () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: crowded.count }), (ids) => {
        const slots = stableNumbers(ids, crowded);
        const numbers = [...slots.values()];
        expect(new Set(numbers).size).toBe(ids.length);
        expect(numbers.every((slot) => slot >= 10 && slot < 40)).toBe(true);
        const reversed = stableNumbers(ids.toReversed(), crowded);
        for (const id of ids) expect(reversed.get(id)).toBe(slots.get(id));
      }),
    );
  });

  it("stay when an id comes that clashes with none, and when it goes again", () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 25 }), ([newcomer = "", ...ids]) => {
        const before = stableNumbers(ids, crowded);
        const own = stableNumbers([newcomer], crowded).get(newcomer);
        fc.pre(![...before.values()].includes(own ?? 0));
        const after = stableNumbers([...ids, newcomer], crowded);
        for (const id of ids) expect(after.get(id)).toBe(before.get(id));
      }),
    );
  });

  it("stay for an id that has its own number, unless one that comes before it in the alphabet wants the same", () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 25 }), ([newcomer = "", ...ids]) => {
        const ownOf = (id: string) => stableNumbers([id], crowded).get(id);
        const before = stableNumbers(ids, crowded);
        const after = stableNumbers([...ids, newcomer], crowded);
        for (const id of ids.filter((id) => before.get(id) === ownOf(id))) {
          if (ownOf(id) === ownOf(newcomer) && newcomer < id) continue;
          expect(after.get(id)).toBe(before.get(id));
        }
      }),
    );
  });

  it("are refused when there are too few", () => {
    expect(() => stableNumbers(["a", "b"], { first: 1, count: 1 })).toThrow(RangeError);
  });
});

describe("the URL of an Express service", () => {
  it.each([
    ["ab12.ecs.eu-central-1.on.aws", "https://ab12.ecs.eu-central-1.on.aws"],
    ["https://ab12.ecs.eu-central-1.on.aws", "https://ab12.ecs.eu-central-1.on.aws"],
    ["https://AB12.ecs.eu-central-1.on.aws/", "https://ab12.ecs.eu-central-1.on.aws"],
    ["http://ab12.ecs.eu-central-1.on.aws", "https://ab12.ecs.eu-central-1.on.aws"],
  ])("%s → %s", (endpoint, url) => {
    expect(
      expressUrl([
        { accessType: "PRIVATE", endpoint: "no" },
        { accessType: "PUBLIC", endpoint },
      ]),
    ).toBe(url);
  });

  it("is missed where there is no public endpoint", () => {
    expect(() => expressUrl([])).toThrow(/no public endpoint/);
  });
});

describe("task definitions", () => {
  it("list variables and secrets by name, whatever order they come in", () => {
    const names = (list: { name: string }[]) => list.map(({ name }) => name);
    expect(
      names(
        environmentList(
          new Map([
            ["PORT", "1"],
            ["HOST", "2"],
          ]),
        ),
      ),
    ).toEqual(["HOST", "PORT"]);
    expect(names(secretList({ PAYMENT_KEY: "b", MODEL_KEY: "a" }))).toEqual(["MODEL_KEY", "PAYMENT_KEY"]);
  });

  it("let a runtime end before it is killed, and a deployment outlast the longest job", () => {
    expect(GRACE_SECONDS).toBeLessThan(STOP_SECONDS);
    expect(rolloutMinutes(1440)).toBe(1460);
    expect(serviceTimeouts(1440)).toEqual({ delete: "1460m" });
  });
});

describe("policies", () => {
  it("let a crew read its own parameter and documents, and protect its own task, and nothing else", () => {
    const policy = agentPolicy({
      place: { partition: "aws-us-gov", region: "us-gov-west-1", accountId: "123456789012", rolePath: "/" },
      clusterArn: "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:cluster/masumi",
      identityParameter: "/masumi-agents/preprod/researcher/identity",
      documents: ["example-documents/masumi-agents/preprod/researcher/0a1b"],
      tags: { "masumi:agent": "researcher" },
      tasksAreTagged: true,
    });
    expect(policy.Statement.map(({ Action, Resource, Condition }) => [Action, Resource, Condition])).toEqual([
      [
        ["ssm:GetParameter"],
        ["arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter/masumi-agents/preprod/researcher/identity"],
        undefined,
      ],
      [
        ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"],
        ["arn:aws-us-gov:ecs:us-gov-west-1:123456789012:task/masumi/*"],
        { StringEquals: { "aws:ResourceTag/masumi:agent": "researcher" } },
      ],
      [
        ["s3:GetObject"],
        ["arn:aws-us-gov:s3:::example-documents/masumi-agents/preprod/researcher/0a1b"],
        undefined,
      ],
    ]);
  });

  it("let AWS take a role on for this account only", () => {
    expect(assumedBy("ecs-tasks", "123456789012").Statement).toEqual([
      expect.objectContaining({
        Principal: { Service: "ecs-tasks.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      }),
    ]);
  });
});
