import { describe, expect, it } from "vitest";
import { type Inputs, awaitSteady, provider } from "../../../providers/ecs/ecs-rollout.ts";
import { useFakeAws } from "./aws.ts";

const OLD = "arn:aws:ecs:eu-central-1:1:task-definition/agent:1";
const NEW = "arn:aws:ecs:eu-central-1:1:task-definition/agent:2";
const PACE = { pauseMs: 5, unseenMs: 30 };

const inputs: Inputs = {
  access: { region: "eu-central-1" },
  agentId: "minutes",
  cluster: "crews",
  service: "minutes-1",
  awaited: { taskDefinition: NEW },
  revision: NEW,
  log: { group: "/masumi/preprod/minutes", streamPrefix: "crew" },
  minutes: 1,
  steadySeconds: 0,
};

const deployment = (taskDefinition: string, rolloutState: string, more: Record<string, unknown> = {}) => ({
  id: `ecs-svc/${taskDefinition.at(-1)}`,
  status: "PRIMARY",
  taskDefinition,
  rolloutState,
  desiredCount: 1,
  runningCount: rolloutState === "COMPLETED" ? 1 : 0,
  ...more,
});
const service = (...deployments: object[]) => ({ services: [{ status: "ACTIVE", deployments }] });
const steady = service(deployment(NEW, "COMPLETED"));
const going = service(deployment(NEW, "IN_PROGRESS"), deployment(OLD, "COMPLETED", { status: "ACTIVE" }));
const rolledBack = service(
  deployment(OLD, "COMPLETED", { rolloutStateReason: "ECS deployment circuit breaker: rolling back." }),
);
const gaveUp = service(
  deployment(NEW, "FAILED", { rolloutStateReason: "ECS deployment circuit breaker: tasks failed to start." }),
);

const STOPPED = {
  ListTasks: [
    {
      taskArns: ["arn:aws:ecs:eu-central-1:1:task/crews/0a1b", "arn:aws:ecs:eu-central-1:1:task/crews/2c3d"],
    },
  ],
  DescribeTasks: [
    {
      tasks: [
        {
          taskArn: "arn:aws:ecs:eu-central-1:1:task/crews/0a1b",
          stoppedAt: 1_700_000_000,
          stoppedReason: "older",
        },
        {
          taskArn: "arn:aws:ecs:eu-central-1:1:task/crews/2c3d",
          stoppedAt: 1_700_000_100,
          stoppedReason: "Essential container in task exited",
          containers: [{ name: "crew", exitCode: 2 }],
        },
      ],
    },
  ],
  GetLogEvents: [
    {
      events: [
        { message: "crew_runtime cannot serve the agent:\n" },
        { message: "- MODEL_NAME: is missing" },
      ],
    },
  ],
};

const fakeAws = useFakeAws();
const operations = () => fakeAws().asked.map(({ operation }) => operation);

const waiting = (changed: Partial<Inputs> = {}, pace = PACE) => awaitSteady({ ...inputs, ...changed }, pace);

describe("waiting for a rollout", () => {
  it.each([
    ["what was there before", [going, going, steady]],
    ["an answer that is some seconds old", [rolledBack, going, steady]],
    [
      "one that failed and is still listed",
      [service(deployment(NEW, "COMPLETED"), deployment(OLD, "FAILED", { status: "ACTIVE" }))],
    ],
    [
      "tasks of one that failed, which end their jobs first",
      [service(deployment(NEW, "COMPLETED"), deployment(OLD, "FAILED", { runningCount: 1 })), steady],
    ],
    [
      "tasks that end their jobs first",
      [service(deployment(NEW, "COMPLETED"), deployment(OLD, "COMPLETED", { status: "ACTIVE" })), steady],
    ],
  ])("ends when the service is steady, after %s", async (_what, answers) => {
    fakeAws().answers = { DescribeServices: [...answers] };
    await waiting({}, { ...PACE, unseenMs: 60_000 });
    expect(operations()).toEqual(answers.map(() => "DescribeServices"));
  });

  it.each([
    [
      "went back to the earlier one",
      rolledBack,
      "ECS rolled back to the previous deployment (ECS deployment circuit breaker",
    ],
    ["gave up", gaveUp, "tasks failed to start.\nTask"],
  ])("tells why a task stopped, with its last lines, when ECS %s", async (_what, end, reason) => {
    fakeAws().answers = { DescribeServices: [going, end], ...STOPPED };
    const error: unknown = await waiting().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "ECS_ROLLOUT_FAILED", stack: "" });
    const { message } = error as Error;
    for (const part of [
      "minutes did not come up on ECS",
      reason,
      "Task 2c3d stopped: Essential container in task exited.",
      "exit code 2",
      "  - MODEL_NAME: is missing",
      "/masumi/preprod/minutes, crew/crew/2c3d",
    ]) {
      expect(message).toContain(part);
    }
    expect(operations()).not.toContain("UpdateService");
  });

  it("tells of a task that could not even start, and wrote nothing", async () => {
    fakeAws().answers = {
      DescribeServices: [going, gaveUp],
      ListTasks: [{ taskArns: ["arn:task/9"] }],
      DescribeTasks: [
        {
          tasks: [
            {
              taskArn: "arn:task/9",
              stoppedReason: "CannotPullContainerError: not found",
              containers: [{ name: "crew", reason: "image is not there" }],
            },
          ],
        },
      ],
      GetLogEvents: [{ __type: "ResourceNotFoundException", message: "no such stream" }],
    };
    await expect(waiting()).rejects.toThrow(
      /Task 9 stopped: CannotPullContainerError: not found\.\nIts container crew: image is not there\.\nIt logged nothing/,
    );
  });

  it("still fails by name when the reason cannot be asked", async () => {
    fakeAws().answers = {
      DescribeServices: [going, gaveUp],
      ListTasks: [{ __type: "AccessDeniedException", message: "no" }],
    };
    await expect(waiting()).rejects.toThrow(
      /ECS_ROLLOUT_FAILED.*\nThe reason could not be read from AWS: AccessDenied/,
    );
  });

  it("begins what failed in an earlier run anew, once", async () => {
    fakeAws().answers = { DescribeServices: [gaveUp], UpdateService: [{}], ...STOPPED };
    await expect(waiting()).rejects.toThrow("ECS_ROLLOUT_FAILED");
    expect(fakeAws().asked.filter(({ operation }) => operation === "UpdateService")).toEqual([
      {
        operation: "UpdateService",
        input: { cluster: "crews", service: "minutes-1", taskDefinition: NEW, forceNewDeployment: true },
      },
    ]);
  });

  it("says how far it came when the time is over", async () => {
    fakeAws().answers = { DescribeServices: [going], ...STOPPED };
    await expect(waiting({ minutes: 0.002 })).rejects.toThrow(
      /ECS_ROLLOUT_NOT_STEADY: .*0 of 1 tasks are running\.\nTask 2c3d/,
    );
  });

  it.each([
    ["a service that is not there", { services: [], failures: [{ reason: "MISSING" }] }, "MISSING"],
    ["missing rights", { __type: "AccessDeniedException", message: "not allowed" }, "AccessDeniedException"],
  ])("names %s", async (_what, answer, said) => {
    fakeAws().answers = { DescribeServices: [answer] };
    await expect(waiting()).rejects.toThrow(new RegExp(`ECS_REFUSED: .*${said}`));
  });

  it("knows a deployment by its image where AWS makes the task definition", async () => {
    const definition = (image: string) => ({
      taskDefinition: { containerDefinitions: [{ name: "Main", image }] },
    });
    fakeAws().answers = {
      DescribeServices: [rolledBack, steady],
      DescribeTaskDefinition: [definition("repo@sha256:old"), definition("repo@sha256:new")],
    };
    await waiting(
      { awaited: { image: "repo@sha256:new" }, steadySeconds: 0.02 },
      { ...PACE, unseenMs: 60_000 },
    );
    expect(operations().filter((operation) => operation === "DescribeTaskDefinition")).toHaveLength(2);
    expect(operations().filter((operation) => operation === "DescribeServices").length).toBeGreaterThan(2);
  });
});

describe("a rollout's diff", () => {
  it.each([
    ["another revision", { revision: "x" }, true],
    ["another service", { service: "x" }, true],
    ["a longer time-out", { minutes: 99 }, false],
    ["another profile", { access: { region: "eu-central-1", profile: "x" } }, false],
    ["nothing", {}, false],
  ])("sees %s", async (_what, changed, changes) => {
    expect(await provider.diff("minutes", inputs, { ...inputs, ...changed })).toEqual({
      changes,
      replaces: [],
    });
  });
});
