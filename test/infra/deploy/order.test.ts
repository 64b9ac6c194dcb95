import { describe, expect, it } from "vitest";
import { type Recorded, record, shortName } from "./recorder.ts";
import { deploy, projectOf } from "./stack.ts";

/** Everything that a resource depends on, directly or not: it is deleted before all of that. */
function closureOf(resources: readonly Recorded[], name: string): ReadonlySet<string> {
  const byName = new Map(resources.map((resource) => [shortName(resource), resource]));
  expect(byName.has(name), `${name} is registered`).toBe(true);
  const found = new Set<string>();
  const visit = (from: string) => {
    for (const next of byName.get(from)?.dependencies ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(name);
  return found;
}

const SHARED = "masumi-agents-preprod";

/** In the order in which they are deleted; each must go before all that follow. */
const ORDERS: readonly [fixture: string, order: readonly (readonly string[])[]][] = [
  [
    "ecs-alb-all-made",
    [
      ["Parameter researcher"],
      ["CrewDrain researcher"],
      ["AgentConfirmation researcher"],
      ["AgentRegistration researcher"],
      ["EcsRollout researcher"],
      ["Service researcher"],
      [
        "EcrImages researcher",
        "TaskDefinition researcher",
        "RolePolicy researcher",
        `RolePolicy ${SHARED}-execution`,
        `RolePolicyAttachment ${SHARED}-execution`,
        "ListenerRule researcher",
        `SecurityGroupIngressRule ${SHARED}-crews`,
        `SecurityGroupEgressRule ${SHARED}-crews`,
        `SecurityGroupIngressRule ${SHARED}-public-443`,
        `ClusterCapacityProviders ${SHARED}`,
      ],
      [
        "LogGroup researcher",
        "Image researcher",
        "Role researcher",
        `Role ${SHARED}-execution`,
        `SecretVersion ${SHARED}-model-key`,
        "TargetGroup researcher",
        `Listener ${SHARED}-https`,
        `Cluster ${SHARED}`,
        `Repository ${SHARED}`,
      ],
    ],
  ],
  [
    "ecs-express-default-network",
    [
      ["Parameter researcher"],
      ["CrewDrain researcher"],
      ["AgentConfirmation researcher"],
      ["AgentRegistration researcher"],
      ["EcsRollout researcher"],
      ["ExpressGatewayService researcher"],
      [
        "EcrImages researcher",
        "LogGroup researcher",
        "Image researcher",
        "RolePolicy researcher",
        `RolePolicyAttachment ${SHARED}-express`,
        `RolePolicyAttachment ${SHARED}-execution`,
      ],
      ["Image _runtime", "Role researcher"],
    ],
  ],
  [
    "docker-each-kind-of-source",
    [
      ["DockerIdentity inline"],
      ["AgentConfirmation inline"],
      ["AgentRegistration inline"],
      ["Container inline"],
      ["Image inline", "Volume inline"],
    ],
  ],
  [
    "shared-on-docker",
    [
      ["SharedIdentity researcher"],
      ["CrewDrain researcher"],
      ["AgentConfirmation researcher"],
      ["AgentRegistration researcher"],
      ["SharedAgent researcher"],
      ["DatabaseRole researcher", "DockerStart _shared", "Container _shared"],
    ],
  ],
  [
    "shared-on-ecs-alb",
    [
      ["SharedIdentity researcher"],
      ["CrewDrain researcher"],
      ["AgentConfirmation researcher"],
      ["AgentRegistration researcher"],
      ["SharedAgent researcher"],
      ["Parameter researcher", "Record _shared", "EcsRollout _shared"],
      ["DatabaseRole researcher", "Service _shared", "ListenerRule _shared"],
    ],
  ],
];

describe("a removed agent goes from what the chain sees to what it runs on", () => {
  it.each(ORDERS)("%s", async (fixture, order) => {
    const { resources } = await record(() => deploy(projectOf(fixture)));
    for (const [index, stage] of order.entries()) {
      const next = order[index + 1] ?? [];
      const reached = new Set(stage.flatMap((name) => [...closureOf(resources, name)]));
      expect([...reached], `after ${stage.join(", ")}`).toEqual(expect.arrayContaining([...next]));
    }
  });

  it("reaches the public until its registration is gone", async () => {
    const { resources } = await record(() => deploy(projectOf("ecs-alb-all-made")));
    const kept = closureOf(resources, "AgentRegistration researcher");
    expect([...kept]).toEqual(expect.arrayContaining(["Record researcher", "ListenerRule researcher"]));
  });
});
