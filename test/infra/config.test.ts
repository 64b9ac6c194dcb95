import { describe, expect, it } from "vitest";
import { ConfigurationError, assetOverrides, readStackConfig } from "../../infra/config.ts";

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
      hosting: "process",
      settleSeconds: 30,
      probeSeconds: 60,
      modelName: "gpt-4.1-mini",
      v1Replacement: "create-first",
      allowPrivateUrls: false,
      wallets: [{ vkey: VKEY, type: "V2" }],
    });
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
      },
      docker: { bind: "127.0.0.1", url: "http://127.0.0.1:{port}" },
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
    ["no runtime key", alb({}, { "masumi:runtimeKey": undefined }), /masumi:runtimeKey is missing.*--secret/],
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
