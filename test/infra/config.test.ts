import { describe, expect, it } from "vitest";
import {
  ConfigurationError,
  assetOverrides,
  keyOf,
  readStackConfig,
  wrongSettings,
} from "../../infra/config.ts";

const VKEY = "ab".repeat(28);
const complete = {
  "masumi:network": "Preprod",
  "masumi:paymentServiceUrl": "https://payment.example.com/api/v1",
  "masumi:apiKey": "a-provisioning-key",
  "masumi:owner": "example",
  "masumi:wallets": JSON.stringify([{ vkey: VKEY, type: "V2" }]),
  "masumi:modelApi": "https://models.example.com/v1",
};

const read = (changes: Record<string, string | undefined>, env: Record<string, string> = {}) => {
  const values = Object.entries({ ...complete, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return readStackConfig({ stack: "preprod", values: Object.fromEntries(values), env });
};

const problemsOf = (changes: Record<string, string | undefined>): readonly string[] => {
  try {
    read(changes);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
};

describe("stack configuration", () => {
  it("fills in the defaults", () => {
    expect(read({})).toMatchObject({
      agents: "agents",
      hosting: "process",
      settleSeconds: 30,
      probeSeconds: 60,
      keepDays: 30,
      limits: {},
      modelName: "gpt-4.1-mini",
      v1Replacement: "create-first",
      allowPrivateUrls: false,
      wallets: [{ vkey: VKEY, type: "V2" }],
    });
  });

  it("takes what is nested as YAML too, as `config set` is given it", () => {
    const config = read({
      "masumi:wallets": `[{ vkey: ${VKEY}, type: V2 }]`,
      "masumi:traces": "{ endpoint: https://collector.example.com:4318 }",
      "masumi:limits": "startRate: 60\nmaxPerClient: 32",
    });
    expect(config).toMatchObject({
      wallets: [{ vkey: VKEY, type: "V2" }],
      traces: { endpoint: "https://collector.example.com:4318" },
      limits: { startRate: 60, maxPerClient: 32 },
    });
  });

  it.each(["yes", "null", "{ a: b", "{ a: 1, a: 2 }", "*a"])("refuses %j for what is nested", (text) => {
    expect(problemsOf({ "masumi:limits": text })).toEqual([
      "masumi:limits: expected YAML or JSON, for example { startRate: 60, maxPerClient: 32 }",
    ]);
  });

  it.each(["agents/customers-07", "agents/customers-07/", "./agents//customers-07"])(
    "takes %s for the folder of its agents",
    (folder) => {
      expect(read({ "masumi:agents": folder }).agents).toBe("agents/customers-07");
    },
  );

  it.each(["", ".", "/srv/agents", "..", "../agents", "agents/../..", ".masumi", "agents/.GIT/x", "a\\b"])(
    "refuses %j for the folder of its agents",
    (folder) => {
      expect(problemsOf({ "masumi:agents": folder })).toEqual([
        expect.stringMatching(/^masumi:agents: expected a /),
      ]);
    },
  );

  it("takes a folder or a bucket for documents", () => {
    expect(read({ "masumi:documents": '{"folder":"/srv/documents"}' })).toMatchObject({
      documents: undefined,
      documentsFolder: "/srv/documents",
    });
    expect(read({ "masumi:documents": '{"bucket":"documents"}' })).toMatchObject({
      documents: { bucket: "documents" },
      documentsFolder: undefined,
    });
    for (const wrong of ['{"folder":"docs"}', '{"folder":"/srv","bucket":"documents"}', "[]"]) {
      expect(problemsOf({ "masumi:documents": wrong })).not.toEqual([]);
    }
  });

  it.each([
    [
      "postgresql://writer:x@db.example.com/records",
      [/masumi:records does not check whom .*masumi:recordsCa/],
    ],
    ["postgresql://writer:x@db.example.com/records?sslmode=verify-full", []],
    ["postgresql://writer:x@127.0.0.1:5432/records", []],
    ["mysql://writer:x@127.0.0.1/records", [/masumi:records: expected a PostgreSQL URL/]],
  ])("checks where records go: %s", (url, said) => {
    expect(problemsOf({ "masumi:records": url })).toEqual(
      said.map((pattern) => expect.stringMatching(pattern) as string),
    );
  });

  it("leaves other namespaces alone", () => {
    expect(read({ "aws:region": "eu-central-1" })).not.toHaveProperty("region");
  });

  it("takes MASUMI_API_KEY before masumi:apiKey, since a destroy sees today's environment", () => {
    expect(read({}, { MASUMI_API_KEY: "from-the-environment" }).apiKey).toBe("from-the-environment");
    expect(read({ "masumi:apiKey": undefined }, { MASUMI_API_KEY: "only-there" }).apiKey).toBe("only-there");
  });

  it.each<[what: string, changes: Record<string, string | undefined>, said: RegExp]>([
    [
      "an unknown network",
      { "masumi:network": "preprod" },
      /masumi:network: .*"Preprod"\|"Mainnet".*config set/,
    ],
    [
      "results that are kept for no day",
      { "masumi:keepDays": "0" },
      /masumi:keepDays: expected 1 to 3650 days/,
    ],
    ["results that are kept for ever", { "masumi:keepDays": "3651" }, /masumi:keepDays: expected 1 to/],
    [
      "a client that may ask for nothing",
      { "masumi:limits": '{"maxPerClient":0}' },
      /masumi:limits\.maxPerClient: /,
    ],
    ["a limit of another name", { "masumi:limits": '{"perMinute":5}' }, /masumi:limits: .*perMinute/],
    [
      "a ledger without a bucket",
      { "masumi:ledger": '{"prefix":"audit"}' },
      /masumi:ledger\.bucket: .*expected string/,
    ],
    [
      "a ledger with a key, which belongs elsewhere",
      { "masumi:ledger": '{"bucket":"audit","region":"r","accessKey":"a"}' },
      /masumi:ledger: .*accessKey/,
    ],
    [
      "a ledger whose region nobody says",
      { "masumi:ledger": '{"bucket":"audit"}' },
      /masumi:ledger\.region is missing/,
    ],
    ["a missing network", { "masumi:network": undefined }, /masumi:network/],
    [
      "a missing key",
      { "masumi:apiKey": undefined },
      /masumi:apiKey is missing: npx masumi-agents config set -s preprod --secret/,
    ],
    ["a missing owner", { "masumi:owner": undefined }, /masumi:owner is missing.*marks your registrations/],
    [
      "a URL that is none",
      { "masumi:paymentServiceUrl": "payment" },
      /masumi:paymentServiceUrl: expected the service's base/,
    ],
    ["no wallet", { "masumi:wallets": "[]" }, /masumi:wallets: expected at least one selling wallet/],
    ["wallets that are not JSON", { "masumi:wallets": "{" }, /masumi:wallets: expected YAML or JSON/],
    [
      "a vkey in upper case",
      { "masumi:wallets": `[{"vkey":"${"AB".repeat(28)}","type":"V2"}]` },
      /masumi:wallets\.0\.vkey: .*lower-case hex/,
    ],
    [
      "a wallet twice",
      {
        "masumi:wallets": JSON.stringify([
          { vkey: VKEY, type: "V1" },
          { vkey: VKEY, type: "V2" },
        ]),
      },
      /contains abab.* twice/,
    ],
    [
      "an unknown hosting",
      { "masumi:hosting": "cloud" },
      /masumi:hosting: expected one of process, docker, ecs-alb, ecs-express/,
    ],
    [
      "containers that would get the provisioning key",
      { "masumi:runtimeKey": "a-provisioning-key" },
      /masumi:runtimeKey is the same key that registers agents/,
    ],
    [
      "a wait that is no number",
      { "masumi:waitMinutes": "soon" },
      /masumi:waitMinutes: expected a whole number/,
    ],
    [
      "a budget that is no number",
      { "masumi:dailyTokens": "much" },
      /masumi:dailyTokens: expected a whole number/,
    ],
    [
      "a budget that no job fits in",
      { "masumi:dailyTokens": "999" },
      /masumi:dailyTokens: expected 1000 to 1000000000000/,
    ],
    ["no model for crews", { "masumi:modelApi": undefined }, /masumi:modelApi is missing/],
    ["a misspelt setting", { "masumi:netwrok": "Preprod" }, /masumi:netwrok is not a setting/],
    [
      "Mainnet without a limit",
      { "masumi:network": "Mainnet", "masumi:confirmMainnet": "true" },
      /masumi:maxAda is missing: .*config set/,
    ],
    ["a limit that is no amount", { "masumi:maxAda": "lots" }, /masumi:maxAda: expected an amount of ADA/],
    [
      "Mainnet unconfirmed",
      { "masumi:network": "Mainnet", "masumi:maxAda": "20" },
      /masumi:confirmMainnet must be true/,
    ],
    [
      "private URLs on Mainnet",
      {
        "masumi:network": "Mainnet",
        "masumi:confirmMainnet": "true",
        "masumi:maxAda": "20",
        "masumi:allowPrivateUrls": "true",
      },
      /masumi:allowPrivateUrls is only for simulated networks/,
    ],
    [
      "crews beside the keys on Mainnet",
      {
        "masumi:network": "Mainnet",
        "masumi:confirmMainnet": "true",
        "masumi:maxAda": "20",
        "masumi:hostings": '["docker","process"]',
      },
      /masumi:hostings contains process, which runs crews beside the keys .* never on Mainnet/,
    ],
    [
      "a hosting that there is not",
      { "masumi:hostings": '["ecs"]' },
      /masumi:hostings\.0: expected process, /,
    ],
    [
      "a policy about a misspelt key, which would forbid nothing",
      { "masumi:policy": '{"keys":{"deny":["hostings"]}}' },
      /masumi:policy\.keys/,
    ],
    [
      "a policy that forbids a key that every agent needs",
      { "masumi:policy": '{"keys":{"deny":["pricing"]}}' },
      /masumi:policy\.keys/,
    ],
    ["a misspelt policy", { "masumi:policy": '{"image":["ghcr.io"]}' }, /masumi:policy/],
    [
      "a policy with a URL in the place of a host",
      { "masumi:policy": '{"urls":["https://example.org"]}' },
      /masumi:policy\.urls\.0: expected a host/,
    ],
    [
      "a policy with a folder outside",
      { "masumi:policy": '{"build":["../other"]}' },
      /masumi:policy\.build\.0: expected a folder/,
    ],
  ])("refuses %s", (_what, changes, said) => {
    expect(problemsOf(changes)).toEqual([expect.stringMatching(said)]);
  });

  const ECS = { "masumi:runtimeKey": "a-runtime-key", "aws:region": "eu-central-1" };
  const alb = (aws: Record<string, unknown>, changes: Record<string, string | undefined> = {}) => ({
    ...ECS,
    "masumi:hosting": "ecs-alb",
    "masumi:aws": JSON.stringify({ domain: "agents.example.com", ...aws }),
    ...changes,
  });
  const express = (aws: Record<string, unknown> = {}) => ({
    ...ECS,
    "masumi:hosting": "ecs-express",
    "masumi:aws": JSON.stringify(aws),
  });
  const docker = (settings: Record<string, unknown>) => ({
    "masumi:runtimeKey": "a-runtime-key",
    "masumi:hosting": "docker",
    "masumi:docker": JSON.stringify(settings),
  });
  const LOAD_BALANCER = {
    arn: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/shared/1",
    listenerArn: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/shared/1/2",
    securityGroupId: "sg-0a1b",
  };

  it("fills in the defaults of the cloud", () => {
    expect(read(alb({}))).toMatchObject({
      hosting: "ecs-alb",
      aws: {
        region: "eu-central-1",
        spot: false,
        logRetentionDays: 30,
        platform: "linux/amd64",
        jobMinutes: 60,
        containerInsights: "disabled",
        deletionProtection: false,
        rolePath: "/",
        tags: {},
        proxyHops: 1,
      },
      docker: { bind: "127.0.0.1", url: "http://127.0.0.1:{port}", proxyHops: 0 },
    });
    expect(read(express()).aws.domain).toBeUndefined();
  });

  it("hands on the profile, by which rollouts are watched too", () => {
    expect(read({ ...alb({}), "aws:profile": "deploy" }).aws.profile).toBe("deploy");
  });

  it("takes the region as the AWS provider does", () => {
    const regionOf = (region: string | undefined, env: Record<string, string>) =>
      read({ ...alb({}), "aws:region": region }, env).aws.region;
    expect(regionOf("eu-west-1", { AWS_REGION: "us-east-1" })).toBe("eu-west-1");
    expect(regionOf(undefined, { AWS_REGION: "us-east-1" })).toBe("us-east-1");
    expect(regionOf(undefined, { AWS_DEFAULT_REGION: "us-east-2" })).toBe("us-east-2");
  });

  it.each<[what: string, changes: Record<string, string | undefined>, said: RegExp]>([
    [
      "no region",
      alb({}, { "aws:region": undefined }),
      /aws:region is missing: npx masumi-agents config set/,
    ],
    [
      "credentials that only the AWS provider would have",
      alb({}, { "aws:assumeRoles": "[]" }),
      /aws:assumeRoles applies only to the AWS provider.*aws:profile/,
    ],
    ["a region in another place", express({ region: "eu-west-1" }), /masumi:aws\.region: .*aws:region/],
    [
      "a database of another kind",
      alb({}, { "masumi:databaseUrl": "mysql://db" }),
      /masumi:databaseUrl: expected a P/,
    ],
    ["no domain", alb({ domain: undefined }), /masumi:aws\.domain is missing.*ecs-express, which needs none/],
    [
      "a URL as domain",
      alb({ domain: "https://agents.example.com" }),
      /masumi:aws\.domain: expected a lower/,
    ],
    ["a VPC without subnets", alb({ vpcId: "vpc-0a1b" }), /vpcId and masumi:aws\.subnetIds belong together/],
    [
      "one subnet",
      alb({ vpcId: "vpc-0a1b", subnetIds: ["subnet-0a1b"] }),
      /masumi:aws\.subnetIds: .*>=2 items/,
    ],
    [
      "a certificate that is none",
      alb({ certificateArn: "mine" }),
      /certificateArn: expected an ARN beginning/,
    ],
    [
      "a load balancer outside of any VPC",
      alb({ loadBalancer: LOAD_BALANCER }),
      /loadBalancer also needs vpcId and subnetIds/,
    ],
    [
      "a certificate beside a load balancer",
      alb({
        loadBalancer: LOAD_BALANCER,
        certificateArn: "arn:aws:acm:eu-central-1:123456789012:certificate/1",
        vpcId: "vpc-0a1b",
        subnetIds: ["subnet-0a", "subnet-0b"],
      }),
      /certificateArn has no effect with loadBalancer/,
    ],
    [
      "a retention that CloudWatch lacks",
      alb({ logRetentionDays: 31 }),
      /logRetentionDays: expected one of 1, 3/,
    ],
    [
      "a port of crews that none is",
      alb({ egress: [{ cidr: "0.0.0.0/0", ports: [0] }] }),
      /egress\.0\.ports\.0: .*>=1/,
    ],
    [
      "a way out that is no range",
      alb({ egress: [{ cidr: "everywhere" }] }),
      /egress\.0\.cidr: expected a range/,
    ],
    [
      "ways out of which none leads to the image",
      alb({ egress: [{ cidr: "10.0.0.0/8", ports: [5432] }] }),
      /egress allows port 443 nowhere.*Add \{ cidr/,
    ],
    [
      "private subnets of an unknown VPC",
      alb({ privateSubnetIds: ["subnet-0a", "subnet-0b"] }),
      /privateSubnetIds also needs vpcId and subnetIds/,
    ],
    [
      "a subnet that is public and private",
      alb({
        vpcId: "vpc-0a1b",
        subnetIds: ["subnet-0a", "subnet-0b"],
        privateSubnetIds: ["subnet-0b", "subnet-0c"],
      }),
      /privateSubnetIds has subnet-0b in common with subnetIds/,
    ],
    [
      "a protection of a load balancer that is not the stack's",
      alb({
        loadBalancer: LOAD_BALANCER,
        deletionProtection: true,
        vpcId: "vpc-0a1b",
        subnetIds: ["subnet-0a", "subnet-0b"],
      }),
      /deletionProtection has no effect with loadBalancer/,
    ],
    [
      "metrics of a cluster that is not the stack's",
      alb({ clusterArn: "arn:aws:ecs:eu-central-1:123456789012:cluster/c", containerInsights: "enabled" }),
      /containerInsights has no effect with clusterArn/,
    ],
    [
      "a tag that belongs to the program",
      alb({ tags: { "masumi:agent": "other" } }),
      /masumi:aws\.tags: .*without the prefix/,
    ],
    [
      "a path of roles without its end",
      alb({ rolePath: "/masumi" }),
      /rolePath: expected a path that begins and ends/,
    ],
    [
      "a boundary that is a name",
      alb({ permissionsBoundary: "boundary" }),
      /permissionsBoundary: expected an ARN/,
    ],
    ["a topic that is none", alb({ alarms: { topicArn: "mail" } }), /alarms\.topicArn: expected an ARN/],
    [
      "alarms that nothing counts for",
      express({ alarms: { topicArn: "arn:aws:sns:x:1:t" } }),
      /alarms needs containerInsights/,
    ],
    [
      "a web ACL with Express",
      express({ webAclArn: "arn:aws:wafv2:x" }),
      /webAclArn is not available with ecs-express/,
    ],
    [
      "private subnets with Express",
      express({
        vpcId: "vpc-0a1b",
        subnetIds: ["subnet-0a", "subnet-0b"],
        privateSubnetIds: ["subnet-0c", "subnet-0d"],
      }),
      /privateSubnetIds is not available with ecs-express/,
    ],
    [
      "ways out of a network that ECS keeps",
      express({ egress: [{ cidr: "0.0.0.0/0", ports: [443] }] }),
      /egress needs vpcId and subnetIds/,
    ],
    ["jobs of two days", alb({ jobMinutes: 2880 }), /jobMinutes: .*1440/],
    ["a misspelt setting of AWS", alb({ domian: "x" }), /masumi:aws: .*domian/],
    ["Spot with Express", express({ spot: true }), /masumi:aws\.spot is not available with ecs-express/],
    [
      "ARM with Express",
      express({ platform: "linux/arm64" }),
      /linux\/arm64 is not available with ecs-express/,
    ],
    [
      "an engine elsewhere without a URL",
      docker({ host: "ssh://deploy@agents.example.com" }),
      /masumi:docker\.url is missing/,
    ],
    ["a URL that agents would share", docker({ url: "https://example.com" }), /expected \{port\} or \{id\}/],
    ["a host name to bind to", docker({ bind: "localhost" }), /masumi:docker\.bind: expected an IP address/],
    [
      "an engine open to everyone",
      docker({ host: "tcp://10.0.0.5:2375", url: "https://{id}.example.com" }),
      /anyone who can reach a Docker engine over plain TCP controls it/,
    ],
  ])("refuses %s", (_what, changes, said) => {
    expect(problemsOf(changes)).toEqual([expect.stringMatching(said)]);
  });

  it("takes a key for each of several agents, and the stack's for the others", () => {
    const config = read({
      "masumi:runtimeKey": "shared",
      "masumi:runtimeKeys": '{"a":"of-a"}',
      "masumi:modelKeys": '{"b":"model-of-b"}',
    });
    const keys = ["a", "b"].map((id) => [keyOf(config, "runtimeKey", id), keyOf(config, "modelKey", id)]);
    expect(keys).toEqual([
      ["of-a", undefined],
      ["shared", "model-of-b"],
    ]);
    expect(config.secrets).toEqual(["apiKey", "runtimeKey", "runtimeKeys", "modelKeys"]);
    expect(config.agentsWithKeys).toEqual({ runtimeKeys: ["a"], modelKeys: ["b"] });
  });

  it.each<[what: string, changes: Record<string, string>, said: RegExp | undefined]>([
    [
      "a model API at another machine",
      { modelApi: "http://models.example.com/v1" },
      /masumi:modelApi is unencrypted/,
    ],
    ["a model API on this machine", { modelApi: "http://127.0.0.1:11434/v1" }, undefined],
    ["a host that only looks like this machine", { modelApi: "http://127.0.0.1.example.com/v1" }, /modelApi/],
    [
      "an excepted model API",
      { modelApi: "http://gpu.internal/v1", allowClearText: '["gpu.internal"]' },
      undefined,
    ],
    [
      "a payment service",
      { paymentServiceUrl: "http://pay.internal/api/v1" },
      /masumi:paymentServiceUrl .*: use https:/,
    ],
    [
      "a payment service, which nothing excepts",
      { paymentServiceUrl: "http://pay.internal/api/v1", allowClearText: '["pay.internal"]' },
      /masumi:paymentServiceUrl/,
    ],
    [
      "a registry service, which nothing excepts",
      { registryServiceUrl: "http://reg.internal/api/v1", allowClearText: '["reg.internal"]' },
      /masumi:registryServiceUrl .*: use https:/,
    ],
    ["a registry service on this machine", { registryServiceUrl: "http://127.0.0.1:3000/api/v1" }, undefined],
    [
      "the agents' URL",
      { docker: '{"url":"http://{id}.agents.example.com"}' },
      /masumi:docker\.url is unencrypted/,
    ],
    ["the agents' ports here", { docker: '{"url":"http://localhost:{port}"}' }, undefined],
    [
      "the bucket of large documents",
      { documents: '{"bucket":"docs","region":"r","endpoint":"http://s3.internal:9000"}' },
      /masumi:documents\.endpoint is unencrypted/,
    ],
    [
      "the ledger's bucket",
      { ledger: '{"bucket":"audit","region":"r","endpoint":"http://s3.internal:9000"}' },
      /masumi:ledger\.endpoint is unencrypted/,
    ],
    [
      "a database",
      { databaseUrl: "postgresql://u:sentinel@db.example.com/d" },
      /databaseUrl .*sslmode=verify-full/,
    ],
    [
      "a database whose certificate nobody checks",
      { databaseUrl: "postgresql://u:sentinel@db.example.com/d?sslmode=require" },
      /databaseUrl .*sslmode=verify-full/,
    ],
    [
      "two modes, of which libpq takes the last",
      { databaseUrl: "postgresql://db.example.com/d?sslmode=verify-full&sslmode=disable" },
      /sslmode=verify-full/,
    ],
    [
      "a host in the parameters",
      { databaseUrl: "postgresql://127.0.0.1/d?host=db.example.com" },
      /without the parameter host/,
    ],
    [
      "a certificate's file, which no container has",
      { databaseUrl: "postgresql://db.example.com/d?sslmode=verify-full&sslrootcert=/rds.pem" },
      /set masumi:databaseCa/,
    ],
    ["several hosts", { databaseUrl: "postgresql://a:1,b:2/d?sslmode=verify-full" }, /must name one host/],
    ["a database on this machine", { databaseUrl: "postgresql://u:p@127.0.0.1:5432/d" }, undefined],
    ["a checked database", { databaseUrl: "postgres://u:p@db.example.com/d?sslmode=verify-full" }, undefined],
    [
      "an excepted database",
      { databaseUrl: "postgresql://db.internal/d", allowClearText: '["db.internal"]' },
      undefined,
    ],
    [
      "an agent's own database",
      { databaseUrls: '{"a":"postgresql://u:sentinel@db.example.com/d"}' },
      /masumi:databaseUrls\.a does not check/,
    ],
    [
      "an authority that is no certificate",
      { databaseCa: "rds.pem" },
      /databaseCa: expected certificates as PEM/,
    ],
  ])("unencrypted: %s", (_, settings, said) => {
    const changes = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`masumi:${name}`, value]),
    );
    const problems = problemsOf(changes);
    expect(problems).toHaveLength(said ? 1 : 0);
    expect(problems.join()).toMatch(said ?? /^$/);
    expect(problems.join()).not.toContain("sentinel");
  });

  it("lets nothing be unencrypted on Mainnet", () => {
    const problems = problemsOf({
      "masumi:network": "Mainnet",
      "masumi:confirmMainnet": "true",
      "masumi:maxAda": "20",
      "masumi:modelApi": "http://gpu.internal/v1",
      "masumi:allowClearText": '["gpu.internal"]',
    });
    expect(problems).toEqual([
      expect.stringMatching(/allowClearText is not available on Mainnet/),
      expect.stringMatching(/modelApi is unencrypted/),
    ]);
  });

  it("knows a runtime key that it cannot read", () => {
    const values = { ...complete, ...alb({}), "masumi:runtimeKey": undefined };
    const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const secretKeys = ["masumi:runtimeKey", "masumi:apiKey"];
    const config = readStackConfig({
      stack: "preprod",
      values: Object.fromEntries(given),
      secretKeys,
      env: {},
    });
    expect(config.runtimeKey).toBeUndefined();
  });

  it("takes a collector's headers as a secret, which no complaint quotes", () => {
    const traces = JSON.stringify({ endpoint: "https://collector.example.com:4318" });
    const set = { "masumi:traces": traces, "masumi:tracesHeaders": "x-api-key=sentinel, x-team=a" };
    expect(read(set)).toMatchObject({ tracesHeaders: "x-api-key=sentinel, x-team=a" });
    const plain = () =>
      readStackConfig({ stack: "preprod", values: { ...complete, ...set }, secretKeys: [], env: {} });
    expect(plain).toThrow(/masumi:tracesHeaders is in plain text/);
    expect(plain).not.toThrow(/sentinel/);
    expect(problemsOf({ "masumi:tracesHeaders": "x-api-key=sentinel" })).toEqual([
      expect.stringMatching(/^masumi:tracesHeaders are for no collector: set masumi:traces/),
    ]);
    for (const wrong of ["sentinel", "=sentinel", "a=sentinel,", "a b=sentinel", "a=sent\ninel"]) {
      expect(problemsOf({ ...set, "masumi:tracesHeaders": wrong })).toEqual([
        "masumi:tracesHeaders: expected headers as name=value, separated by commas, for example x-api-key=…",
      ]);
    }
  });

  it("takes prompts and answers into traces only if it is told to, in so many words", () => {
    const settings = { endpoint: "https://collector.example.com:4318" };
    const of = (more: object) => ({ "masumi:traces": JSON.stringify({ ...settings, ...more }) });
    expect(read(of({})).traces?.captureMessageContent).toBeUndefined();
    expect(read(of({ captureMessageContent: true })).traces?.captureMessageContent).toBe(true);
    expect(problemsOf(of({ captureMessageContent: "yes" }))).toHaveLength(1);
    expect(problemsOf(of({ captureContent: true }))).toHaveLength(1);
  });

  it("refuses a runtime key in plain text", () => {
    expect(() =>
      readStackConfig({
        stack: "preprod",
        values: { ...complete, "masumi:runtimeKey": "a-runtime-key" },
        secretKeys: ["masumi:apiKey"],
        env: {},
      }),
    ).toThrow(/masumi:runtimeKey is in plain text/);
  });

  it("refuses an agent's key that also registers, and any in plain text", () => {
    expect(problemsOf({ "masumi:runtimeKeys": '{"a":"a-provisioning-key"}' })).toEqual([
      expect.stringMatching(/masumi:runtimeKeys\.a is the same key that registers agents/),
    ]);
    const values = { ...complete, "masumi:databaseUrls": '{"a":"postgresql://127.0.0.1/d"}' };
    expect(() =>
      readStackConfig({ stack: "preprod", values, secretKeys: ["masumi:apiKey"], env: {} }),
    ).toThrow(/masumi:databaseUrls is in plain text/);
  });

  it("tells all problems at once", () => {
    const problems = problemsOf({
      "masumi:network": "x",
      "masumi:owner": undefined,
      "masumi:wallets": "[]",
      "masumi:apiKey": undefined,
    });
    expect(problems).toHaveLength(4);
  });

  it("never repeats a secret", () => {
    const secret = "sentinel-secret-value";
    const problems = problemsOf({
      "masumi:apiKey": secret,
      "masumi:modelKey": secret,
      "masumi:network": "x",
    });
    expect(problems.join("\n")).not.toContain(secret);
  });

  it("reads token overrides without the rest, for offline checks", () => {
    const unit = "c4".repeat(28);
    expect(assetOverrides({ "masumi:assets": JSON.stringify({ USDM: { unit, decimals: 6 } }) })).toEqual({
      USDM: { unit, decimals: 6 },
    });
    expect(assetOverrides({})).toBeUndefined();
  });
});

describe("settings that are there while others may follow", () => {
  it.each<[string, Record<string, string>, RegExp[]]>([
    ["nothing", {}, []],
    [
      "a collector on another machine",
      { "masumi:traces": "{ endpoint: http://traces.internal:4318 }" },
      [/^masumi:traces\.endpoint is unencrypted/],
    ],
    [
      "a wallet twice",
      { "masumi:wallets": `[{vkey: ${VKEY}, type: V1}, {vkey: ${VKEY}, type: V2}]` },
      [/twice$/],
    ],
    [
      "a URL that is none",
      { "masumi:registryServiceUrl": "nonsense" },
      [/^masumi:registryServiceUrl: expected/],
    ],
    [
      "crews beside keys",
      { "masumi:network": "Mainnet", "masumi:hostings": "[process]" },
      [/never on Mainnet$/],
    ],
    ["no setting", { "masumi:netwrok": "Preprod" }, [/is not a setting/]],
  ])("%s", (_name, values, said) => {
    expect(wrongSettings(values)).toEqual(said.map((text) => expect.stringMatching(text) as unknown));
  });
});
