import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AGENT_EVENTS, PAYMENT_EVENTS } from "../../../infra/deploy/ecs/alarms.ts";
import type { PolicyDocument } from "../../../infra/deploy/ecs/policies.ts";
import { repository } from "../../helpers/project.ts";
import { type Recorded, record, shortName } from "./recorder.ts";
import { deploy, projectOf } from "./stack.ts";

const recorded = async (fixture: string): Promise<readonly Recorded[]> =>
  (await record(() => deploy(projectOf(fixture)))).resources;
const ofType = (resources: readonly Recorded[], type: string) =>
  resources.filter((resource) => shortName(resource).startsWith(`${type} `));
const inputsOf = (resources: readonly Recorded[], type: string) =>
  ofType(resources, type).map(({ inputs }) => inputs);

/** Types of AWS that have no tags, by what AWS documents of them. */
const UNTAGGED = new Set([
  "Policy",
  "CertificateValidation",
  "ClusterCapacityProviders",
  "LifecyclePolicy",
  "LogMetricFilter",
  "Record",
  "RolePolicy",
  "RolePolicyAttachment",
  "SecretVersion",
  "WebAclAssociation",
]);

describe.each(["ecs-hardened-alb", "ecs-hardened-express", "ecs-alb-all-made", "hostings-side-by-side"])(
  "%s",
  (fixture) => {
    it("says of every resource on AWS whose it is", async () => {
      const resources = (await recorded(fixture)).filter(({ type }) => type.startsWith("aws:"));
      const taggable = resources.filter((one) => !UNTAGGED.has(shortName(one).split(" ")[0] ?? ""));
      expect(taggable.length).toBeGreaterThan(10);
      for (const one of taggable) {
        const { parent, inputs } = one;
        const [kind, agent] = parent.split(" ");
        expect({ [shortName(one)]: inputs["tags"] }).toEqual({
          [shortName(one)]: {
            ...(fixture.startsWith("ecs-hardened") ? { "cost-centre": "1234" } : {}),
            "masumi:project": "masumi-agents",
            "masumi:stack": "preprod",
            ...(kind === "Agent" ? { "masumi:agent": agent } : {}),
          },
        });
      }
      expect(inputsOf(resources, "ClusterCapacityProviders")[0]).not.toHaveProperty("tags");
    });
  },
);

/** What IAM says to a request for a task with these tags. */
function mayProtect(policy: PolicyDocument, taskTags: Readonly<Record<string, string>>): boolean {
  const statement = policy.Statement.find(({ Action }) => Action.includes("ecs:UpdateTaskProtection"));
  return Object.entries(statement?.Condition ?? {}).every(([operator, wanted]) =>
    Object.entries(wanted).every(([key, value]) => {
      const tag = taskTags[key.replace("aws:ResourceTag/", "")];
      return tag === undefined ? operator.endsWith("IfExists") : tag === value;
    }),
  );
}

describe("a crew that protects another agent's task, so that it is never stopped", () => {
  const policyOf = (resources: readonly Recorded[], id: string): PolicyDocument => {
    const own = ofType(resources, "RolePolicy").find(({ name }) => name === id);
    return JSON.parse(String(own?.inputs["policy"])) as PolicyDocument;
  };

  it.each([
    ["ecs-alb-all-made", false],
    ["ecs-express-default-network", true],
  ])("is refused by its role (%s)", async (fixture, untagged) => {
    const resources = await recorded(fixture);
    const [own, other] = inputsOf(resources, "Parameter").map(
      ({ tags }) => tags as Readonly<Record<string, string>>,
    );
    const policy = policyOf(resources, own?.["masumi:agent"] ?? "");
    expect(mayProtect(policy, own ?? {})).toBe(true);
    expect(mayProtect(policy, other ?? {})).toBe(false);
    expect(mayProtect(policy, { ...own, "masumi:stack": "mainnet" })).toBe(false);
    expect(mayProtect(policy, {})).toBe(untagged);
  });

  it("and a service copies its tags to its tasks", async () => {
    for (const service of inputsOf(await recorded("ecs-alb-all-made"), "Service")) {
      expect(service).toMatchObject({ propagateTags: "SERVICE", tags: { "masumi:stack": "preprod" } });
    }
  });
});

describe("the settings of a hardened stack", () => {
  it("keep crews from the public: private subnets, no address, and only the ways out that are named", async () => {
    const resources = await recorded("ecs-hardened-alb");
    expect(inputsOf(resources, "Service")[0]).toMatchObject({
      networkConfiguration: { assignPublicIp: false, subnets: ["subnet-0c3", "subnet-0d4"] },
    });
    expect(inputsOf(resources, "LoadBalancer")[0]).toMatchObject({ subnets: ["subnet-0a1", "subnet-0b2"] });
    const rules = inputsOf(resources, "SecurityGroupEgressRule").filter(({ securityGroupId }) =>
      String(securityGroupId).includes("crews"),
    );
    expect(
      rules.map(({ cidrIpv4, cidrIpv6, ipProtocol, fromPort, toPort }) => [
        cidrIpv4 ?? cidrIpv6,
        ipProtocol,
        fromPort,
        toPort,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ["0.0.0.0/0", "tcp", 443, 443],
        ["10.0.0.0/16", "tcp", 5432, 5432],
        ["fd00::/8", "-1", undefined, undefined],
      ]),
    );
    expect(rules).toHaveLength(3);
  });

  it("protect the load balancer, log its requests, and put the web ACL before it", async () => {
    const resources = await recorded("ecs-hardened-alb");
    expect(inputsOf(resources, "LoadBalancer")[0]).toMatchObject({
      enableDeletionProtection: true,
      accessLogs: { bucket: "example-logs", prefix: "agents", enabled: true },
    });
    expect(inputsOf(resources, "WebAclAssociation")).toEqual([
      {
        resourceArn:
          "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/masumi-agents-preprod",
        webAclArn: "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/agents/1",
      },
    ]);
  });

  it.each(["ecs-hardened-alb", "ecs-hardened-express"])(
    "encrypt logs, secrets and images with the stack's key, which starting containers may use (%s)",
    async (fixture) => {
      const key = "arn:aws:kms:eu-central-1:123456789012:key/1";
      const resources = await recorded(fixture);
      for (const type of ["LogGroup", "Secret"]) {
        const all = inputsOf(resources, type);
        expect(all.length).toBeGreaterThan(0);
        for (const inputs of all) expect(inputs).toMatchObject({ kmsKeyId: key });
      }
      expect(inputsOf(resources, "Repository")[0]).toMatchObject({
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: key }],
      });
      const execution = ofType(resources, "RolePolicy").find(({ name }) => name.endsWith("-execution"));
      const { Statement } = JSON.parse(String(execution?.inputs["policy"])) as PolicyDocument;
      expect(Statement).toContainEqual(
        expect.objectContaining({
          Action: ["kms:Decrypt"],
          Resource: [key],
          Condition: { StringEquals: { "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com" } },
        }),
      );
    },
  );

  it.each(["ecs-hardened-alb", "ecs-hardened-express"])(
    "keep every role below the path and the boundary (%s)",
    async (fixture) => {
      const roles = inputsOf(await recorded(fixture), "Role");
      expect(roles.length).toBeGreaterThan(1);
      for (const role of roles) {
        expect(role).toMatchObject({
          path: "/masumi-agents/preprod/",
          permissionsBoundary: "arn:aws:iam::123456789012:policy/masumi-agents-preprod-boundary",
        });
      }
    },
  );

  it("never make a role of a name that the one before it still has", async () => {
    const named = async (fixture: string) =>
      inputsOf(await recorded(fixture), "Role").flatMap(({ name }) => (name ? [name] : []));
    const [before, after] = [await named("ecs-alb-all-made"), await named("ecs-hardened-alb")];
    expect(after.length).toBeGreaterThan(0);
    expect(before.filter((name) => after.includes(name))).toEqual([]);
  });

  it("raise alarms for what is down, fails, or may cost a payment, and send them to the topic", async () => {
    const resources = await recorded("ecs-hardened-alb");
    const alarms = inputsOf(resources, "MetricAlarm");
    const of = "masumi-agents-preprod-researcher";
    expect(ofType(resources, "MetricAlarm").map(({ name }) => name)).toEqual([
      "masumi-agents-preprod-errors",
      `${of}-errors`,
      `${of}-payments`,
      `${of}-tasks`,
      `${of}-unhealthy`,
    ]);
    const topic = "arn:aws:sns:eu-central-1:123456789012:agents";
    for (const alarm of alarms) expect(alarm).toMatchObject({ alarmActions: [topic], okActions: [topic] });
    expect(alarms).toContainEqual(
      expect.objectContaining({
        metricName: "HealthyHostCount",
        threshold: 2,
        treatMissingData: "breaching",
      }),
    );
    expect(alarms.map(({ dimensions }) => JSON.stringify(dimensions)).join(" ")).toContain(
      '"LoadBalancer":"app/masumi-agents-preprod","TargetGroup":"targetgroup/researcher"',
    );
    const express = ofType(await recorded("ecs-hardened-express"), "MetricAlarm").map(({ name }) => name);
    expect(express).toEqual([`${of}-payments`, `${of}-tasks`]);
  });

  it("look at the service that agents share, whatever agents it has", async () => {
    const alarms = ofType(await recorded("shared-on-ecs-alb"), "MetricAlarm").map(({ name }) => name);
    const service = "masumi-agents-preprod-_shared";
    expect(alarms).toEqual([
      `${service}-agents`,
      `${service}-errors`,
      `${service}-payments`,
      `${service}-tasks`,
      `${service}-unhealthy`,
      "masumi-agents-preprod-errors",
    ]);
  });

  it("look for events that crews log", () => {
    const files = globSync("crew/src/crew_runtime/{payments,hosting}/*.py", { cwd: repository });
    const source = files.map((file) => readFileSync(join(repository, file), "utf8")).join("\n");
    expect([...PAYMENT_EVENTS, ...AGENT_EVENTS].filter((event) => !source.includes(`"${event}"`))).toEqual(
      [],
    );
    const logs = readFileSync(join(repository, "crew/src/crew_runtime/common/logs.py"), "utf8");
    expect(logs).toContain('"event": record.getMessage()');
  });
});
