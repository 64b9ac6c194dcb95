import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createSocket } from "node:dgram";
import { type RequestListener, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { parse } from "yaml";
import { type StackToHost, checkAws, checkDocker, checkTokens, checkZone } from "../../cli/doctor/cloud.ts";
import { checkSafeguards } from "../../cli/doctor/safeguards.ts";
import { checkPlugins } from "../../cli/doctor/plugins.ts";
import { checkBackend, checkPulumi, judgePulumi } from "../../cli/doctor/pulumi.ts";
import type { Agent, HostingKind } from "../../infra/declarations/index.ts";
import { initStack } from "../../local/engine/index.ts";
import { localRun } from "../../stacks/local/local-stack.ts";
import { openProject } from "../../stacks/project.ts";
import { TESTED } from "../../stacks/pulumi/tested-versions.ts";
import { repository } from "../helpers/project.ts";
import { configOf } from "../infra/deploy/stack.ts";
import { CliStack } from "./stack.ts";

const hosted = (hosting: HostingKind, kind: "inline" | "image" = "inline") =>
  ({ id: "a", file: "agents/a.yaml", hosting, source: { kind } }) as unknown as Agent;

const stackOf = (agents: Agent[], settings: Record<string, unknown> = {}): StackToHost => ({
  agents,
  config: configOf("/", settings),
});

const ALB = { hosting: "ecs-alb", aws: { domain: "agents.example.com", zone: "example.com" } };
const said = (verdicts: readonly { status: string; message: string; remedy: string }[]) =>
  verdicts.map(({ status, message, remedy }) => `${status} ${message}${remedy && ` -> ${remedy}`}`);

async function listen(server: Server, where: string | number): Promise<void> {
  await new Promise<void>((listening) =>
    typeof where === "string"
      ? server.listen(where, listening)
      : server.listen(where, "127.0.0.1", listening),
  );
  onTestFinished(() => void server.close());
}

/** A Docker engine's socket, with what its API answers. */
async function engine(answer: RequestListener): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-docker-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, "docker.sock");
  await listen(createServer(answer), socket);
  return `unix://${socket}`;
}

const VERSION: RequestListener = ({ url }, response) =>
  url === "/version"
    ? response.end(JSON.stringify({ Version: "29.1.0", Os: "linux", Arch: "arm64" }))
    : response.writeHead(404).end();

describe("what doctor says of the safeguards on AWS", () => {
  const OFF =
    "off in masumi:aws: alarms, permissionsBoundary, egress, privateSubnetIds, accessLogs, deletionProtection, webAclArn, " +
    "containerInsights";

  it("is which settings are off, with a warning on Mainnet", () => {
    expect(said(checkSafeguards(stackOf([hosted("ecs-alb")], ALB)))).toEqual([`ok ${OFF}`]);
    const mainnet = { ...ALB, network: "Mainnet", confirmMainnet: "true", maxAda: "20" };
    expect(said(checkSafeguards(stackOf([hosted("ecs-alb")], mainnet)))).toEqual([
      `warn ${OFF} -> docs/aws.md says what each is for`,
    ]);
  });

  it("leaves out what Express services cannot have, and says nothing of other hostings", () => {
    expect(said(checkSafeguards(stackOf([hosted("ecs-express")], { hosting: "ecs-express" })))).toEqual([
      "ok off in masumi:aws: alarms, permissionsBoundary, egress, containerInsights",
    ]);
    expect(said(checkSafeguards(stackOf([hosted("docker")])))).toEqual(["skip no agent runs on AWS"]);
  });
});

describe("doctor on the model's tokens", () => {
  const modelApi = "https://models.example.com/v1";

  it.each<[what: string, agents: Agent[], config: Record<string, unknown>, said: string]>([
    [
      "a budget",
      [hosted("process")],
      { modelApi, dailyTokens: 5000 },
      "ok each agent may use 5000 tokens of the model a day",
    ],
    ["no crew", [], { modelApi }, "skip no agent of this stack is hosted by it, so none uses its model"],
    [
      "a stub",
      [hosted("process")],
      { modelApi: "http://127.0.0.1:3000/v1" },
      "skip the model is on this machine",
    ],
    [
      "no budget",
      [hosted("docker")],
      { modelApi },
      "warn nothing limits what a day costs: whoever reaches a free agent can make it use the model all day",
    ],
  ])("%s", (_what, agents, config, expected) => {
    expect(said(checkTokens(stackOf(agents, config)))[0]).toContain(expected);
  });
});

describe("what doctor says of Docker", () => {
  it("is the version of the engine that builds or runs the stack's images", async () => {
    const host = await engine(VERSION);
    expect(said(await checkDocker(stackOf([hosted("docker")], { docker: { host } })))).toEqual([
      `ok Docker 29.1.0, linux/arm64, at ${host}`,
    ]);
    vi.stubEnv("DOCKER_HOST", host);
    expect(said(await checkDocker(stackOf([hosted("ecs-alb")], ALB)))).toEqual([
      "ok Docker 29.1.0, linux/arm64",
    ]);
    vi.unstubAllEnvs();
  });

  it("is which hosting needs none", async () => {
    expect(said(await checkDocker(stackOf([hosted("process")])))).toEqual([
      "skip hosting process needs no Docker",
    ]);
    expect(said(await checkDocker(stackOf([hosted("ecs-alb", "image")], ALB)))).toEqual([
      "skip hosting ecs-alb needs no Docker",
    ]);
    expect(said(await checkDocker(stackOf([])))).toEqual([
      "skip no agent of this stack is hosted by it, so it needs no Docker",
    ]);
  });

  it("is that no engine answers, and what to check", async () => {
    const docker = { host: "unix:///nonexistent/docker.sock" };
    expect(said(await checkDocker(stackOf([hosted("docker", "image")], { docker })))).toEqual([
      expect.stringMatching(/^fail DOCKER_ENGINE_FAILED: .*ENOENT.* -> Check that the engine is running/),
    ]);
    const host = await engine((_request, response) => response.end("{}"));
    expect(said(await checkDocker(stackOf([hosted("docker")], { docker: { host } })))).toEqual([
      expect.stringMatching(/^fail what answers at unix:.* is no Docker engine -> check masumi:docker\.host/),
    ]);
  });
});

/** AWS, as far as ECS is it. */
async function aws(answer: RequestListener): Promise<void> {
  const server = createServer(answer);
  await listen(server, 0);
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "not-a-secret");
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  onTestFinished(() => void vi.unstubAllEnvs());
}

const refuses =
  (type: string): RequestListener =>
  (_request, response) =>
    response
      .writeHead(400, { "content-type": "application/x-amz-json-1.1" })
      .end(JSON.stringify({ __type: type, message: "no" }));

describe("what doctor says of AWS", () => {
  const check = async () => said(await checkAws(stackOf([hosted("ecs-alb")], ALB)));

  it("is the account and the region", async () => {
    await aws((_request, response) => {
      const arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/default";
      response
        .setHeader("content-type", "application/x-amz-json-1.1")
        .end(JSON.stringify({ clusters: [], failures: [{ arn, reason: "MISSING" }] }));
    });
    expect(await check()).toEqual(["ok account 123456789012 in eu-central-1"]);
  });

  it.each([
    [
      "ExpiredTokenException",
      /^fail AWS credentials for eu-central-1: ExpiredToken.* -> log in \(aws sso login\)/,
    ],
    ["UnrecognizedClientException", /^fail AWS credentials for eu-central-1: Unrec.* -> log in/],
    ["AccessDeniedException", /^warn AWS takes the credentials in eu-central-1, but .* -> compare/],
  ])("is what a refusal means: %s", async (type, expected) => {
    await aws(refuses(type));
    expect(await check()).toEqual([expect.stringMatching(expected)]);
  });

  it("is that there are no credentials, and where they could be", async () => {
    await aws(refuses("unused"));
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", undefined);
    vi.stubEnv("HOME", "/nonexistent");
    expect(await check()).toEqual([
      expect.stringMatching(/^fail AWS credentials for eu-central-1: CredentialsProviderError.* -> log in/),
    ]);
  });

  it("is which hostings need none", async () => {
    expect(said(await checkAws(stackOf([hosted("docker"), hosted("process")])))).toEqual([
      "skip hosting process and docker need no AWS",
    ]);
  });
});

/** A name server that answers every question with these name servers, or with no such name. */
async function nameServer(names: readonly string[]): Promise<string> {
  const socket = createSocket("udp4");
  socket.on("message", (question, { port, address }) => {
    const end = 12 + question.subarray(12).indexOf(0) + 5;
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(names.length > 0 ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(names.length, 6);
    head.fill(0, 8, 12);
    const answers = names.map((name) => {
      const data = Buffer.concat([
        ...name.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
        Buffer.from([0]),
      ]);
      // The name asked for, NS, IN, 60 s.
      const fixed = Buffer.from([0xc0, 12, 0, 2, 0, 1, 0, 0, 0, 60, 0, data.length]);
      return Buffer.concat([fixed, data]);
    });
    socket.send(Buffer.concat([head, question.subarray(12, end), ...answers]), port, address);
  });
  await new Promise<void>((bound) => socket.bind(0, "127.0.0.1", bound));
  onTestFinished(() => void socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

describe("what doctor says of the hosted zone", () => {
  it.each<[what: string, names: string[], expected: RegExp]>([
    [
      "in Route 53",
      ["ns-7.awsdns-00.com", "ns-9.awsdns-01.org"],
      /^ok example\.com is in Route 53 \(ns-7\.awsdns-00\.com\)$/,
    ],
    [
      "elsewhere",
      ["ns1.registrar.net"],
      /^warn the name servers of example\.com \(ns1\.registrar\.net\) do not look .* -> delegate/,
    ],
    ["nowhere", [], /^fail the public DNS knows no zone example\.com.* -> create the hosted zone/],
  ])("%s", async (_what, names, expected) => {
    const servers = [await nameServer(names)];
    expect(said(await checkZone(stackOf([hosted("ecs-alb")], ALB), servers))).toEqual([
      expect.stringMatching(expected),
    ]);
  });

  it("is which hosting needs none", async () => {
    expect(said(await checkZone(stackOf([hosted("ecs-express")])))).toEqual([
      "skip hosting ecs-express needs no hosted zone",
    ]);
  });
});

/** Puts a program called pulumi first on PATH; it is given its words as $*. */
function pulumiOnPath(script: string | undefined): void {
  const folder = mkdtempSync(join(tmpdir(), "masumi-pulumi-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  if (script !== undefined) {
    writeFileSync(join(folder, "pulumi"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "pulumi"), 0o755);
  }
  vi.stubEnv("PATH", script === undefined ? folder : [folder, process.env["PATH"]].join(delimiter));
  onTestFinished(() => void vi.unstubAllEnvs());
}

describe("what doctor says of the Pulumi CLI and its state backend", () => {
  it.each([
    [TESTED.cli, "ok"],
    ["3.999.0", "ok"],
    ["3.1.0", "warn"],
    ["4.0.0", "warn"],
    ["", "warn"],
  ])("version %s: %s", (version, status) => expect(judgePulumi(version).status).toBe(status));

  it("is measured by the pair that README.md names and package.json has", () => {
    const readme = readFileSync(join(repository, "README.md"), "utf8").replaceAll(/\s+/g, " ");
    expect(readme).toContain(`CLI ${TESTED.cli}`);
    expect(readme).toContain(`@pulumi/pulumi ${TESTED.sdk}`);
    const { dependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    expect(dependencies["@pulumi/pulumi"]).toBe(TESTED.sdk);
  });

  it("is the version of the one on PATH, or that npx will fetch one", async () => {
    pulumiOnPath(`echo v${TESTED.cli}`);
    expect(said([await checkPulumi("preprod")])).toEqual([
      `ok pulumi ${TESTED.cli} with @pulumi/pulumi ${TESTED.sdk}, as tested`,
    ]);
    pulumiOnPath(undefined);
    expect(said([await checkPulumi("preprod")])).toEqual([
      expect.stringMatching(/^warn pulumi is not on PATH; npx fetches pulumi@/),
    ]);
    expect(said([await checkPulumi("local")])).toEqual(["skip a local stack needs no Pulumi CLI"]);
  });

  const backend = (stack: string) => checkBackend(openProject(repository), stack);

  it.each([
    ["preprod", `ok file:///state has stack preprod`],
    ["mainnet", `warn file:///state has no stack mainnet yet -> create it: pulumi stack init mainnet`],
  ])("is whether the backend has stack %s", async (stack, expected) => {
    pulumiOnPath(`case "$1" in
      whoami) echo '{ "user": "me", "url": "file:///state" }';;
      stack) echo '[{ "name": "organization/masumi-agents/preprod" }]';;
    esac`);
    expect(said([await backend(stack)])).toEqual([expected]);
  });

  it("of the local stack is whether the providers that its state names are there", async () => {
    await using stack = await CliStack.start();
    const project = openProject(stack.project.root);
    expect(said([await checkBackend(project, "local")])).toEqual(["skip the stack has no state yet"]);
    await initStack(localRun(project, "local"));
    expect(said([await checkBackend(project, "local")])).toEqual(["ok the state is in .masumi/state"]);

    const [file = ""] = globSync(join(project.stateRoot, ".pulumi/stacks/*/local.json"));
    const state = JSON.parse(readFileSync(file, "utf8")) as {
      checkpoint: { latest: { resources?: object[] } };
    };
    const { name } = parse(readFileSync(join(project.root, "Pulumi.yaml"), "utf8")) as { name: string };
    const type = "pulumi:providers:x/../y";
    const urn = `urn:pulumi:local::${name}::${type}::default`;
    state.checkpoint.latest.resources = [{ urn, custom: true, id: "1", type, inputs: {}, outputs: {} }];
    writeFileSync(file, JSON.stringify(state));
    expect(said([await checkBackend(project, "local")])).toEqual([
      expect.stringMatching(/^fail BAD_PACKAGE_NAME: .*x\/\.\.\/y.* is not the name of a package/),
    ]);
  });

  it("of the local stack has the plugins that its hostings need, since the embedded engine downloads none", () => {
    const plugins = (stack: string, agents: Agent[], env = {}) =>
      said(checkPlugins({ stack, agents, settings: {} }, { PULUMI_HOME: "/nonexistent", ...env }));
    const docker = [hosted("docker", "image")];
    expect(plugins("local", docker)).toEqual([
      expect.stringMatching(
        /^fail PLUGIN_NOT_FOUND: The plugin of package "docker" [\d.]+ was not found: .* -> .*pulumi plugin install resource docker/,
      ),
    ]);
    expect(plugins("local", [hosted("ecs-alb", "image")])).toEqual([
      expect.stringMatching(/^fail .*"aws" .* -> .*pulumi plugin install resource aws/),
    ]);
    expect(plugins("local", [hosted("ecs-alb")])).toHaveLength(2);
    expect(plugins("local", [hosted("process")])).toEqual(["skip no agent of this stack needs a plugin"]);
    expect(plugins("preprod", docker)).toEqual(["skip Pulumi installs the plugins that a stack needs"]);

    const bin = mkdtempSync(join(tmpdir(), "masumi-plugins-"));
    onTestFinished(() => rmSync(bin, { recursive: true }));
    writeFileSync(join(bin, "pulumi-resource-docker"), "", { mode: 0o755 });
    expect(plugins("local", docker, { PATH: bin })).toEqual([
      expect.stringMatching(/^ok the plugin of docker [\d.]+ is there$/),
    ]);
  });

  it("is why the backend cannot be used", async () => {
    pulumiOnPath(
      `[ "$1" = version ] && echo v${TESTED.cli} && exit; echo "error: PULUMI_ACCESS_TOKEN must be set for login" >&2; exit 3`,
    );
    expect(said([await backend("preprod")])).toEqual([
      "fail the state backend cannot be used: PULUMI_ACCESS_TOKEN must be set for login -> run pulumi login, or set " +
        "PULUMI_BACKEND_URL and the credentials that it needs",
    ]);
    pulumiOnPath(undefined);
    expect(said([await backend("preprod")])).toEqual(["skip pulumi is not on PATH"]);
  });
});
