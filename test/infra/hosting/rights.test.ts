import { globSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EXAMPLE } from "../../../infra/hosting/ecs/rights/example.ts";
import { POLICY_SIZE, type Policy, policiesOf } from "../../../infra/hosting/ecs/rights/policies.ts";
import type { PolicyTarget } from "../../../infra/hosting/ecs/rights/places.ts";
import { RIGHTS } from "../../../infra/hosting/ecs/rights/rights.ts";
import { repository } from "../../helpers/project.ts";
import { DOUBLES } from "../deploy/doubles.ts";
import { type Recorded, record } from "../deploy/recorder.ts";
import { FIXTURES, deploy, projectOf } from "../deploy/stack.ts";
import { allows } from "./iam.ts";

const ACCOUNT = "123456789012";
const REGION = "eu-central-1";
const BOUNDARY = `arn:aws:iam::${ACCOUNT}:policy/masumi-agents-preprod-boundary`;
const TARGET = {
  ...EXAMPLE,
  accountId: ACCOUNT,
  region: REGION,
  boundary: BOUNDARY,
  zoneId: "Z0",
  repository: "example/agents",
  stateBucket: "example-pulumi-state",
  stateKey: `arn:aws:kms:${REGION}:${ACCOUNT}:key/12345678-1234-1234-1234-123456789012`,
  documents: "example-documents/crews",
  ledger: "example-ledger/audit",
  kmsKey: `arn:aws:kms:${REGION}:${ACCOUNT}:key/12345678-1234-1234-1234-123456789012`,
} satisfies PolicyTarget;
const POLICIES = policiesOf(TARGET);
const deploying = Object.entries(POLICIES).flatMap(([name, policy]) =>
  name.startsWith("deploying-role-") ? [policy] : [],
);
const only = (name: string): Policy => POLICIES[name] ?? { Version: "2012-10-17", Statement: [] };
const actionsOf = (policies: readonly Policy[]) =>
  new Set(policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action)));

const TYPES = new Set(Object.values(RIGHTS).flatMap((rights) => Object.keys(rights)));

/** Types of ECS stacks that ask nothing of AWS. */
const NOT_ON_AWS =
  /^masumi:index:|^pulumi-nodejs:dynamic\/masumi:|^pulumi-nodejs:dynamic\/crew:(CrewDrain|DatabaseRole|Docker\w+)$|^docker:index\/(container|network|remoteImage|volume):|^pulumi:/;

describe("the table of rights", () => {
  const recorded = readdirSync(FIXTURES)
    .filter((name) => /ecs|hostings/.test(name))
    .flatMap((name) => JSON.parse(readFileSync(join(FIXTURES, name, "expected.json"), "utf8")) as Recorded[])
    .map(({ type }) => type);

  it("has a row for every type that the program makes on AWS", () => {
    const made = new Set(recorded.filter((type) => !NOT_ON_AWS.test(type)));
    expect(made.size).toBeGreaterThan(25);
    expect([...made].filter((type) => !TYPES.has(type))).toEqual([]);
  });

  it("has a row for every function that the program asks of AWS, and no row for what is gone", () => {
    const known = new Set(Object.keys(DOUBLES).filter((token) => token.startsWith("aws:")));
    expect([...known].filter((token) => !TYPES.has(token))).toEqual([]);
    expect([...TYPES].filter((token) => token.startsWith("aws:") && !known.has(token))).toEqual([]);
  });
});

/** What AWS documents of each action: https://docs.aws.amazon.com/service-authorization/latest/reference/ */
const FACTS = JSON.parse(
  readFileSync(join(repository, "test/fixtures/aws/iam-actions.json"), "utf8"),
) as Readonly<
  Record<
    string,
    {
      readonly level: string;
      readonly arns: readonly string[];
      readonly required: boolean;
      readonly keys: readonly string[];
    }
  >
>;

/** Its documented resource is another than the one that it is asked for, or it knows more than are documented. */
const OTHER_RESOURCES = ["ecs:ListTasks", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"];

describe("every statement for the deploying and the read-only role", () => {
  const statements = [...deploying, only("read-only-role")].flatMap(({ Statement }) => Statement);
  const pairs = statements.flatMap(({ Action, ...rest }) => Action.map((action) => ({ action, ...rest })));

  it("allows actions that AWS knows", () => {
    expect(pairs.length).toBeGreaterThan(200);
    expect(pairs.filter(({ action }) => !FACTS[action]).map(({ action }) => action)).toEqual([]);
  });

  it("names resources wherever IAM can limit an action to some", () => {
    const everywhere = pairs.filter(({ action, Resource }) => Resource === "*" && FACTS[action]?.required);
    expect([...new Set(everywhere.map(({ action }) => action))]).toEqual(["ecs:ListTasks"]);
    const unlimited = pairs.filter(
      ({ Resource, Condition }) =>
        !Condition && [Resource ?? []].flat().some((arn) => /:\*$|:[^:]*\/\*$/.test(arn)),
    );
    const broad = unlimited
      .flatMap(({ Resource }) => [Resource ?? []].flat())
      .filter((arn) => !arn.includes("masumi-agents"));
    expect([...new Set(broad)].map((arn) => arn.split(":").at(-1) ?? "").toSorted()).toEqual([
      "*", // alarms
      "certificate/*",
      "change/*",
      "example-documents/crews/stored/*",
      "example-pulumi-state/.pulumi/*",
      "regional/webacl/*",
      "scalable-target/*",
      "vpc/*",
    ]);
  });

  it("names resources that the action has", () => {
    const shape = (arn: string) => arn.replaceAll(/\$\{\w+\}/g, "*");
    const matches = (pattern: string, arn: string) => {
      const [, , service = "", , , path = ""] = pattern.split(/:(?=(?:[^{]|\{[^}]*\})*$)/);
      const kind = path.split(/[/:*]/)[0] ?? "";
      return (
        arn.split(":")[2] === service && (arn.split(":").slice(5).join(":").startsWith(kind) || kind === "")
      );
    };
    const wrong = pairs.filter(
      ({ action, Resource }) =>
        !OTHER_RESOURCES.includes(action) &&
        Resource !== "*" &&
        [Resource ?? []]
          .flat()
          .some((arn) => !(FACTS[action]?.arns ?? []).some((known) => matches(shape(known), arn))),
    );
    expect(wrong.map(({ action, Resource }) => `${action} on ${String(Resource)}`)).toEqual([]);
  });

  it("asks for conditions that the action has", () => {
    const known = (key: string) => key.replace(/^(aws:(?:Request|Resource)Tag)\/.*$/, "$1/${TagKey}");
    const wrong = pairs.flatMap(({ action, Condition = {} }) =>
      Object.values(Condition)
        .flatMap((keys) => Object.keys(keys))
        .filter((key) => !FACTS[action]?.keys.includes(known(key)))
        .map((key) => `${action} ${key}`),
    );
    expect(wrong).toEqual([]);
  });
});

const arn = (service: string, path: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${path}`;
const nameOf = ({ name, inputs }: Recorded): string =>
  (inputs["name"] as string | undefined) ??
  `${(inputs["namePrefix"] as string | undefined) ?? `${name}-`}1a2b3c4`;

/** The request with which a type is made, and the resource that AWS asks the policy for. */
const CREATES: Readonly<Record<string, (made: Recorded) => readonly [action: string, resource: string]>> = {
  "aws:acm/certificate:Certificate": () => ["acm:RequestCertificate", "*"],
  "aws:cloudwatch/logGroup:LogGroup": (made) => [
    "logs:CreateLogGroup",
    arn("logs", `log-group:${nameOf(made)}`),
  ],
  "aws:cloudwatch/metricAlarm:MetricAlarm": (made) => [
    "cloudwatch:PutMetricAlarm",
    arn("cloudwatch", `alarm:${nameOf(made)}`),
  ],
  "aws:ec2/securityGroup:SecurityGroup": () => ["ec2:CreateSecurityGroup", arn("ec2", "security-group/sg-1")],
  "aws:ecr/repository:Repository": (made) => [
    "ecr:CreateRepository",
    arn("ecr", `repository/${nameOf(made)}`),
  ],
  "aws:ecs/cluster:Cluster": (made) => ["ecs:CreateCluster", arn("ecs", `cluster/${nameOf(made)}`)],
  "aws:ecs/service:Service": ({ name, inputs }) => [
    "ecs:CreateService",
    arn("ecs", `service/${String(inputs["cluster"]).split("/").at(-1)}/${name}-1a2b3c4`),
  ],
  "aws:ecs/expressGatewayService:ExpressGatewayService": ({ name, inputs }) => [
    "ecs:CreateExpressGatewayService",
    arn("ecs", `service/${String(inputs["cluster"])}/${name}`),
  ],
  "aws:ecs/taskDefinition:TaskDefinition": ({ inputs }) => [
    "ecs:RegisterTaskDefinition",
    arn("ecs", `task-definition/${String(inputs["family"])}:1`),
  ],
  "aws:iam/role:Role": (made) => [
    "iam:CreateRole",
    `arn:aws:iam::${ACCOUNT}:role${String(made.inputs["path"])}${nameOf(made)}`,
  ],
  "aws:lb/listener:Listener": ({ inputs }) => [
    "elasticloadbalancing:CreateListener",
    `${String(inputs["loadBalancerArn"])}-1a/0`,
  ],
  "aws:lb/listenerRule:ListenerRule": ({ inputs }) => [
    "elasticloadbalancing:CreateRule",
    String(inputs["listenerArn"]),
  ],
  "aws:lb/loadBalancer:LoadBalancer": (made) => [
    "elasticloadbalancing:CreateLoadBalancer",
    arn("elasticloadbalancing", `loadbalancer/app/${nameOf(made)}/0`),
  ],
  "aws:lb/targetGroup:TargetGroup": (made) => [
    "elasticloadbalancing:CreateTargetGroup",
    arn("elasticloadbalancing", `targetgroup/${nameOf(made)}/0`),
  ],
  "aws:secretsmanager/secret:Secret": (made) => [
    "secretsmanager:CreateSecret",
    arn("secretsmanager", `secret:${nameOf(made)}-AbCdEf`),
  ],
  "aws:ssm/parameter:Parameter": (made) => ["ssm:PutParameter", arn("ssm", `parameter${nameOf(made)}`)],
};

function requestOf(made: Recorded) {
  const [action, resource] = CREATES[made.type]?.(made) ?? ["", ""];
  const tags = Object.entries((made.inputs["tags"] ?? {}) as Record<string, string>);
  const boundary = made.inputs["permissionsBoundary"] as string | undefined;
  const context = {
    ...Object.fromEntries(tags.map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    ...(boundary ? { "iam:PermissionsBoundary": boundary } : {}),
  };
  return { action, resource, context };
}

describe.each(["ecs-hardened-alb", "ecs-hardened-express"])("the deploying role of %s", (fixture) => {
  const created = async (stack: string) => {
    const { resources } = await record(() => deploy(projectOf(fixture), { stack }), { stack });
    return resources.filter(({ type }) => CREATES[type]);
  };

  it("may make every resource of its stack", async () => {
    const resources = await created("preprod");
    expect(new Set(resources.map(({ type }) => type)).size).toBeGreaterThan(8);
    expect(resources.map(requestOf).filter((request) => !allows(deploying, request))).toEqual([]);
  });

  it("may make none of another stack, with the names and tags that those have", async () => {
    const resources = await created("mainnet");
    const requests = resources.map(requestOf).map((request) => ({
      ...request,
      resource: request.resource.replace("role/masumi-agents/preprod/", "role/masumi-agents/mainnet/"),
    }));
    expect(requests.filter((request) => allows(deploying, request))).toEqual([]);
  });
});

describe("a deploying job that was taken over", () => {
  const role = `arn:aws:iam::${ACCOUNT}:role/masumi-agents/preprod/researcher-1a2b3c4d`;
  const bounded = { "iam:PermissionsBoundary": BOUNDARY };
  const foreign = { "aws:ResourceTag/masumi:project": "shop", "aws:ResourceTag/masumi:stack": "production" };
  const owned = {
    "aws:ResourceTag/masumi:project": "masumi-agents",
    "aws:ResourceTag/masumi:stack": "preprod",
  };
  const asOwn = {
    "aws:RequestTag/masumi:project": "masumi-agents",
    "aws:RequestTag/masumi:stack": "preprod",
  };
  const names = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
  const zone = "arn:aws:route53:::hostedzone/Z0";
  const group = arn("ec2", "security-group/sg-9");
  const target = arn("elasticloadbalancing", "targetgroup/shop/1");
  const line = "arn:aws:s3:::example-ledger/audit/masumi-agents/preprod/2026-11-29T185943.123Z-0d0c.json";
  const adding = { "s3:if-none-match": "*" };

  it.each<[what: string, action: string, resource: string, context?: Record<string, string | string[]>]>([
    ["makes a role without the boundary", "iam:CreateRole", role],
    [
      "makes a role with another boundary",
      "iam:CreateRole",
      role,
      { "iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess" },
    ],
    ["makes a role elsewhere", "iam:CreateRole", `arn:aws:iam::${ACCOUNT}:role/admin`, bounded],
    ["takes the boundary off", "iam:DeleteRolePermissionsBoundary", role, bounded],
    ["rewrites the boundary", "iam:CreatePolicyVersion", BOUNDARY],
    [
      "gives a role of its own all rights",
      "iam:AttachRolePolicy",
      role,
      { ...bounded, "iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess" },
    ],
    ["writes rights into a role without the boundary", "iam:PutRolePolicy", role],
    [
      "has a task run as an administrator",
      "iam:PassRole",
      `arn:aws:iam::${ACCOUNT}:role/admin`,
      { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
    ],
    ["hands a role to a machine", "iam:PassRole", role, { "iam:PassedToService": "ec2.amazonaws.com" }],
    [
      "reads a secret of somebody else's",
      "secretsmanager:GetSecretValue",
      arn("secretsmanager", "secret:shop-database-AbCdEf"),
    ],
    [
      "reads Mainnet's secrets",
      "secretsmanager:GetSecretValue",
      arn("secretsmanager", "secret:masumi-agents-mainnet/payment-key-1a2b3c4-AbCdEf"),
    ],
    [
      "writes an identifier of Mainnet's",
      "ssm:PutParameter",
      arn("ssm", "parameter/masumi-agents/mainnet/researcher/identity"),
    ],
    ["opens a foreign security group", "ec2:AuthorizeSecurityGroupIngress", group, { ...foreign, ...asOwn }],
    ["tags a foreign security group as its own", "ec2:CreateTags", group, { ...foreign, ...asOwn }],
    [
      "tags a foreign target group as its own",
      "elasticloadbalancing:AddTags",
      target,
      { ...foreign, ...asOwn },
    ],
    ["removes a foreign target group", "elasticloadbalancing:DeleteTargetGroup", target, foreign],
    ["removes a foreign certificate", "acm:DeleteCertificate", arn("acm", "certificate/9"), foreign],
    [
      "leads the whole domain elsewhere",
      "route53:ChangeResourceRecordSets",
      zone,
      { [names]: ["example.com"] },
    ],
    [
      "leads another name elsewhere",
      "route53:ChangeResourceRecordSets",
      zone,
      { [names]: ["a.agents.example.com", "shop.example.com"] },
    ],
    [
      "writes into another zone",
      "route53:ChangeResourceRecordSets",
      "arn:aws:route53:::hostedzone/Z9",
      { [names]: ["a.agents.example.com"] },
    ],
    ["stops another cluster's service", "ecs:DeleteService", arn("ecs", "service/shop/web")],
    [
      "reads documents of another stack",
      "s3:GetObject",
      "arn:aws:s3:::example-documents/crews/masumi-agents/mainnet/a/1",
    ],
    ["removes a line of its ledger", "s3:DeleteObject", line],
    ["replaces a line of its ledger", "s3:PutObject", line],
    ["writes into Mainnet's ledger", "s3:PutObject", line.replace("preprod", "mainnet"), adding],
    ["decrypts what is not its own with the key", "kms:Decrypt", TARGET.kmsKey.replace(/key.*/, "key/other")],
  ])("and %s is refused", (_what, action, resource, context = {}) => {
    expect(allows(deploying, { action, resource, context })).toBe(false);
  });

  it("still does what it is there for", () => {
    const may = (action: string, resource: string, context = {}) =>
      allows(deploying, { action, resource, context });
    expect(may("iam:CreateRole", role, bounded)).toBe(true);
    expect(may("iam:PassRole", role, { "iam:PassedToService": "ecs-tasks.amazonaws.com" })).toBe(true);
    expect(may("ec2:AuthorizeSecurityGroupIngress", group, owned)).toBe(true);
    expect(may("ec2:CreateTags", group, { "ec2:CreateAction": "CreateSecurityGroup" })).toBe(true);
    expect(may("elasticloadbalancing:DeleteTargetGroup", target, owned)).toBe(true);
    expect(may("route53:ChangeResourceRecordSets", zone, { [names]: ["a.agents.example.com"] })).toBe(true);
    expect(may("s3:PutObject", line, adding)).toBe(true);
    expect(
      may("logs:GetLogEvents", arn("logs", "log-group:/masumi-agents/preprod/a:log-stream:crew/crew/1")),
    ).toBe(true);
  });
});

/** The services whose clients the code calls by these names. */
const SERVICES: Readonly<Record<string, string>> = {
  acm: "acm",
  ec2: "ec2",
  ecr: "ecr",
  ecs: "ecs",
  elb: "elasticloadbalancing",
  iam: "iam",
  logs: "logs",
  route53: "route53",
  s3: "s3",
  secrets: "secretsmanager",
  ssm: "ssm",
  sts: "sts",
};
const AS_ACTION: Readonly<Record<string, string>> = { "s3:HeadObject": "s3:GetObject" };

/** Every request that these files send, as the action that it needs. */
function requestsIn(pattern: string): string[] {
  const sources = globSync(pattern, { cwd: repository }).map((file) =>
    readFileSync(join(repository, file), "utf8"),
  );
  const calls = sources.flatMap((text) => [
    ...text.matchAll(/\b(acm|ec2|ecr|ecs|elb|iam|logs|route53|s3|secrets|ssm|sts)\s*\.([a-z]+[A-Z]\w+)\(/g),
  ]);
  const actions = calls.map(
    ([, client = "", call = ""]) => `${SERVICES[client]}:${call[0]?.toUpperCase()}${call.slice(1)}`,
  );
  return [...new Set(actions.map((action) => AS_ACTION[action] ?? action))].toSorted();
}

describe("what is really sent to AWS", () => {
  it.each([
    ["by the program's own resources", "providers/{ecs,documents}/*.ts", 6],
    ["by masumi-agents logs", "stacks/logs/*.ts", 1],
    ["by the tests' stand-in for the aws provider", "test/plugins/aws/*.ts", 50],
  ])("%s is allowed", (_by, pattern, least) => {
    const sent = requestsIn(pattern);
    expect(sent.length).toBeGreaterThanOrEqual(least);
    expect(sent.filter((action) => !actionsOf(deploying).has(action))).toEqual([]);
  });
});

describe("the read-only role", () => {
  const policy = only("read-only-role");

  it("changes nothing, and reads no secret but those of the state", () => {
    const levels = [...actionsOf([policy])].filter(
      (action) => !/^(Read|List)$/.test(FACTS[action]?.level ?? ""),
    );
    expect(levels).toEqual(["kms:Decrypt"]);
    expect(policy.Statement.find(({ Action }) => Action.includes("kms:Decrypt"))?.Resource).toBe(
      TARGET.stateKey,
    );
    expect(actionsOf([policy])).not.toContain("secretsmanager:GetSecretValue");
  });

  it("sees everything that the deploying role sees", () => {
    const looks = [...actionsOf(deploying)].filter((action) => /:(Describe|List)/.test(action));
    expect(looks.filter((action) => !actionsOf([policy]).has(action)).toSorted()).toEqual([
      "ecr:ListImages",
      "kms:DescribeKey",
    ]);
  });
});

describe("who may assume the roles", () => {
  it.each([
    ["deploying-trust", "preprod"],
    ["plan-trust", "preprod-plan"],
    ["preview-trust", "preprod-preview"],
  ])("is for %s the environment %s of this repository alone", (name, environment) => {
    const [statement, ...more] = only(name).Statement;
    expect(more).toEqual([]);
    expect(statement?.Principal).toEqual({
      Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`,
    });
    expect(statement?.Condition).toEqual({
      StringEquals: {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": `repo:example/agents:environment:${environment}`,
      },
    });
    const workflows = readFileSync(join(repository, ".github/workflows/deploy.yml"), "utf8");
    const preview = readFileSync(join(repository, ".github/workflows/preview.yml"), "utf8");
    expect(`${workflows}${preview}`).toMatch(new RegExp(`environment: ${environment}$`, "m"));
  });
});

describe("the boundary", () => {
  const boundary = only("boundary");
  const may = (action: string, resource: string, principal: string) =>
    allows([boundary], {
      action,
      resource,
      context: { "aws:PrincipalArn": `arn:aws:iam::${ACCOUNT}:role/masumi-agents/preprod/${principal}` },
    });

  it("lets through what the stack's own roles may do", async () => {
    for (const fixture of ["ecs-hardened-alb", "ecs-hardened-express"]) {
      const { resources } = await record(() => deploy(projectOf(fixture)));
      const policies = resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy");
      expect(policies.length).toBeGreaterThan(1);
      const statements = policies.flatMap(
        ({ inputs }) => (JSON.parse(String(inputs["policy"])) as Policy).Statement,
      );
      for (const action of statements.flatMap(({ Action }) => Action))
        expect(actionsOf([boundary])).toContain(action);
    }
  });

  it("stops a crew's role that was given more", () => {
    expect(may("ssm:GetParameter", arn("ssm", "parameter/masumi-agents/preprod/a/identity"), "a-1")).toBe(
      true,
    );
    expect(may("ssm:GetParameter", arn("ssm", "parameter/masumi-agents/mainnet/a/identity"), "a-1")).toBe(
      false,
    );
    expect(may("iam:CreateUser", "*", "a-1")).toBe(false);
    expect(may("elasticloadbalancing:CreateLoadBalancer", "*", "a-1")).toBe(false);
    expect(may("elasticloadbalancing:CreateLoadBalancer", "*", "masumi-agents-preprod-express-1a2b3c4")).toBe(
      true,
    );
  });
});

describe("docs/aws", () => {
  const written = policiesOf(EXAMPLE);

  it("has every policy as npm run aws-policies writes it", () => {
    const folder = join(repository, "docs/aws");
    const files = readdirSync(folder).map((file): [string, unknown] => [
      file.replace(".json", ""),
      JSON.parse(readFileSync(join(folder, file), "utf8")),
    ]);
    expect(Object.fromEntries(files)).toEqual(written);
  });

  it.each(Object.keys(written))("%s is not larger than IAM allows", (name) => {
    const size = JSON.stringify(only(name)).length;
    expect(size).toBeGreaterThan(100);
    expect(size).toBeLessThan(POLICY_SIZE);
  });

  it("cannot be written for names that AWS would not take as they are", () => {
    expect(() => policiesOf({ ...TARGET, project: "Masumi.Agents" })).toThrow("load balancer's name");
  });
});
