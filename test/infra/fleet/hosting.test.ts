import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Agent, HostingKind } from "../../../infra/declarations/index.ts";
import { hostingRefusals, hostingWarnings } from "../../../infra/fleet/hosting-problems.ts";
import { expectedUrls } from "../../../infra/fleet/expected-url.ts";
import { rulePriorities } from "../../../infra/deploy/ecs/priorities.ts";
import { configOf } from "../deploy/stack.ts";

let projectRoot: string;
beforeEach(() => {
  projectRoot = mkdtempSync(join(tmpdir(), "masumi-url-"));
});

const agentOf = (id: string, hosting: HostingKind, changes: Partial<Agent> = {}): Agent => ({
  id,
  file: `agents/${id}.yaml`,
  name: id,
  description: "d",
  capability: { name: "c", version: "1" },
  tags: ["t"],
  author: { name: "a" },
  legal: {},
  pricing: { type: "free" },
  exampleOutputs: [],
  input: [],
  source: { kind: "image", image: "i@sha256:0" },
  model: {},
  documents: [],
  hosting,
  resources: { cpu: 512, memory: 1024, instances: 1 },
  ...changes,
});

describe("the expected URL", () => {
  const urlOf = (agent: Agent, settings: Record<string, unknown> = {}, others: Agent[] = []) =>
    expectedUrls({ config: configOf(projectRoot, settings), projectRoot, agents: [agent, ...others] })(
      agent,
      new Map(),
    );

  it("is that of an agent that runs elsewhere, whatever its hosting", () => {
    const url = "https://elsewhere.example.com/agent";
    expect(urlOf(agentOf("a", "ecs-express", { source: { kind: "url", url } }))).toBe(url);
  });

  it("is a host name of the domain with ecs-alb", () => {
    const aws = { domain: "agents.example.com" };
    expect(urlOf(agentOf("a", "ecs-alb"), { aws })).toBe("https://a.agents.example.com");
  });

  it("is not known with ecs-express, nor with ecs-alb in a stack without a domain", () => {
    expect(urlOf(agentOf("a", "ecs-express"))).toBeUndefined();
    expect(urlOf(agentOf("a", "ecs-alb"))).toBeUndefined();
  });

  it("is what masumi:docker says with docker, and does not depend on the folder or on other agents", () => {
    const url = urlOf(agentOf("a", "docker"));
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:1\d{4}$/);
    expect(urlOf(agentOf("a", "docker"), {}, [agentOf("b", "docker")])).toBe(url);
    const docker = { url: "https://{id}.agents.example.com:{port}" };
    const port = url?.split(":").at(-1);
    expect(urlOf(agentOf("a", "docker"), { docker })).toBe(`https://a.agents.example.com:${port}`);
  });

  it("is the reserved port's as a process, once there is one", () => {
    expect(urlOf(agentOf("a", "process"))).toBeUndefined();
    mkdirSync(join(projectRoot, ".masumi"));
    writeFileSync(join(projectRoot, ".masumi/ports.json"), '{ "a": 20123 }');
    expect(urlOf(agentOf("a", "process"))).toBe("http://127.0.0.1:20123");
  });
});

describe("the expected URL of an agent of the shared crew service", () => {
  const url = (on: string, more: Record<string, unknown> = {}, others: Agent[] = []) => {
    const config = configOf(projectRoot, { hosting: "shared", shared: { on }, ...more });
    const agent = agentOf("a", "shared");
    return expectedUrls({ config, projectRoot, agents: [agent, ...others] })(agent, new Map());
  };

  it("is a path of the service's, which no other agent moves", () => {
    const onDocker = url("docker");
    expect(onDocker).toMatch(/^http:\/\/127\.0\.0\.1:1\d{4}\/a$/);
    expect(url("docker", {}, [agentOf("b", "shared"), agentOf("c", "docker")])).toBe(onDocker);
    const docker = { url: "https://{id}.example.com:{port}", ports: { crews: 12_001 } };
    expect(url("docker", { docker })).toBe("https://crews.example.com:12001/a");
    const onEcs = { aws: { domain: "agents.example.com" }, documents: { bucket: "example-agents" } };
    expect(url("ecs-alb", onEcs)).toBe("https://crews.agents.example.com/a");
  });

  it("is the reserved port's on this machine, once there is one", () => {
    expect(url("process")).toBeUndefined();
    mkdirSync(join(projectRoot, ".masumi"));
    writeFileSync(join(projectRoot, ".masumi/ports.json"), '{ "_shared": 20123 }');
    expect(url("process")).toBe("http://127.0.0.1:20123/a");
  });
});

describe("what the shared crew service lacks", () => {
  const problems = (shared: object, more: Record<string, unknown> = {}) => {
    try {
      configOf(projectRoot, { hosting: "shared", shared, ...more });
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const aws = { domain: "agents.example.com" };

  it.each([
    ["a place", {}, {}, /masumi:shared\.on is missing/],
    ["a known place", { on: "fly" }, {}, /masumi:shared\.on: expected one of process, docker, ecs-alb/],
    ["a bucket on ECS", { on: "ecs-alb" }, { aws }, /masumi:documents is missing/],
    ["a domain on ECS", { on: "ecs-alb" }, {}, /masumi:aws\.domain is missing/],
    ["a size of Fargate's", { on: "ecs-alb", cpu: 1000 }, { aws }, /the nearest size is \{ cpu: 1024/],
    ["a service of one's own to keep", { on: "process", of: "other", keep: true }, {}, /both of and keep/],
    [
      "the port of another's service",
      { on: "docker", of: "other" },
      {},
      /masumi:docker\.ports\.crews is missing/,
    ],
    [
      "another stack to join",
      { on: "process", of: "preprod" },
      {},
      /masumi:shared\.of is this stack itself, preprod/,
    ],
    ["room for instances on Docker", { on: "docker", instances: 2 }, {}, /masumi:shared\.instances is 2/],
  ])("is %s", (_what, shared, more, said) => {
    expect(problems(shared, more)).toMatch(said);
  });

  it("is a machine without the deployer's keys, on Mainnet", () => {
    const MAINNET = { network: "Mainnet", confirmMainnet: "true", maxAda: "20", hosting: "shared" };
    const refused = (on: "process" | "docker") =>
      hostingRefusals(configOf(projectRoot, { ...MAINNET, shared: { on } }), [
        agentOf("a", "shared", { shared: { on } }),
      ]);
    expect(refused("process")).toEqual([
      expect.stringMatching(/^hosting shared runs the crews of .*beside the keys/),
    ]);
    expect(refused("docker")).toEqual([]);
  });
});

describe("what cannot be hosted", () => {
  const many = (count: number, hosting: HostingKind) =>
    Array.from({ length: count }, (_, index) => agentOf(`agent-${index}`, hosting));
  const refusals = (agents: Agent[], settings: Record<string, unknown> = {}) =>
    hostingRefusals(configOf(projectRoot, settings), agents);
  const ALB = { hosting: "ecs-alb", aws: { domain: "agents.example.com" } };

  it("is nothing of what the stack is set up for", () => {
    expect(refusals(many(100, "ecs-alb"), ALB)).toEqual([]);
    const { byId } = rulePriorities(configOf(projectRoot, ALB), many(100, "ecs-alb"), new Map());
    expect(new Set(byId.values()).size).toBe(100);
  });

  it("are more agents than a listener has rules", () => {
    expect(refusals(many(101, "ecs-alb"), ALB)).toEqual([
      expect.stringMatching(
        /101 agents would share one load balancer, which has room for 100: .*ecs-express/,
      ),
    ]);
  });

  it("are agents with a hosting of their own that the stack lacks settings for", () => {
    expect(refusals([agentOf("a", "ecs-alb"), agentOf("b", "docker")], {})).toEqual([
      expect.stringMatching(/masumi:aws\.domain is missing.*\(hosting ecs-alb of agents\/a\.yaml\)/),
    ]);
  });

  it.each(["docker", "ecs-alb"] as const)("is an agent on %s called as the shared crew service", (on) => {
    const documents = { bucket: "example-agents" };
    const settings = { ...ALB, documents, documentsKey: "id:key", shared: { on, name: "all" } };
    const shared = agentOf("a", "shared", { shared: { on } });
    expect(refusals([shared, agentOf("all", on)], settings)).toEqual([
      expect.stringMatching(
        /^agents\/all\.yaml: with hosting .*, all would be reached where .*masumi:shared\.name$/,
      ),
    ]);
    expect(refusals([shared, agentOf("crews", on)], settings)).toEqual([]);
    expect(refusals([agentOf("all", on)], settings), "without the service").toEqual([]);
    expect(refusals([agentOf("all", "shared", { shared: { on } })], settings), "at a path").toEqual([]);
  });

  it("are crews beside the keys of the machine that deploys, on Mainnet", () => {
    const MAINNET = { network: "Mainnet", confirmMainnet: "true", maxAda: "20", hosting: "process" };
    expect(refusals([agentOf("a", "process")], MAINNET)).toEqual([
      expect.stringMatching(
        /^hosting process runs the crews of agents\/a\.yaml beside the keys .*masumi:hosting docker/,
      ),
    ]);
    expect(refusals([], MAINNET)).toEqual([]);
  });

  it("are agents whose host name is too long for a rule of the load balancer", () => {
    const domain = `${"a".repeat(60)}.example.com`;
    const aws = { domain, certificateArn: "arn:aws:acm:eu-central-1:1:certificate/1" };
    expect(refusals([agentOf("b".repeat(60), "ecs-alb")], { hosting: "ecs-alb", aws })).toEqual([
      expect.stringMatching(/^agents\/b{60}\.yaml: the host name .* has 133 characters, .* may have 128/),
    ]);
  });

  it("warns before a second load balancer of Express services", () => {
    expect(hostingWarnings(many(25, "ecs-express"))).toEqual([]);
    expect(hostingWarnings(many(26, "ecs-express"))).toEqual([
      expect.stringMatching(/^26 Express services need more/),
    ]);
  });
});
