/** Everything that a stack of the hosting ecs-alb meets outside, on this machine: AWS, DNS, TLS, payment service, model, database. */
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { localRun } from "../../cli/local-stack.ts";
import { openProject } from "../../cli/project.ts";
import { initStack, setConfig } from "../../local/engine/index.ts";
import { type CliResult, type RunReport, type TestProject, repository } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";
import { type ServiceUnderTest, startServiceUnderTest } from "../helpers/service-under-test.ts";
import { docker, inspect } from "../image/docker.ts";
import { forward } from "../image/host.ts";
import { type Emulator, REGION, startEmulator } from "./aws/emulator.ts";
import { type Answer, askByName } from "./ask.ts";
import { followContainers } from "./container-logs.ts";
import { makeBase } from "./base.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { makeCloudProject } from "./project.ts";
import { certificateFor, forwardByTls } from "./tls.ts";
import { type TlsProxy, startTlsProxy } from "./tls-proxy.ts";

export interface CloudWorld {
  readonly domain: string;
  readonly project: TestProject;
  readonly service: ServiceUnderTest;
  readonly emulator: Emulator;
  readonly postgres: Postgres;
  readonly proxy: TlsProxy;
  /** Scripts what goes wrong in the payment service and at the model. */
  readonly control: SandboxControl;
  /** Where a buyer reaches the payment service: its key is sent there. */
  readonly buyersService: string;
  /** Runs `masumi-agents` as a user would; what it says is kept among the logs. */
  run(...words: string[]): Promise<CliResult>;
  /** The same with --json. @throws if it fails, with what it said */
  report<T = RunReport>(...words: string[]): Promise<T>;
  /** Asks an agent by https at its own name. */
  ask(agent: string, path: string): Promise<Answer>;
  /** Takes down all of it, the last first. */
  close(): Promise<void>;
}

export interface CloudWorldOptions {
  /** Agents are reached at https://<id>.<domain>. */
  readonly domain: string;
  /** Folder for the logs of this world. */
  readonly logs: string;
}

/** @throws if something does not come up; what did is taken down again */
export async function startCloudWorld(options: CloudWorldOptions): Promise<CloudWorld> {
  const undo: (() => unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    return { ...(await start(options, undo)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start({ domain, logs }: CloudWorldOptions, undo: (() => unknown)[]) {
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  const gateway = await bridgeAddress();

  const certificate = certificateFor([`DNS:*.${domain}`, `IP:${gateway}`]);
  const base = await makeBase(certificate);
  undo.push(() => base.remove());
  const project = makeCloudProject(base.name);
  undo.push(() => project.dispose());

  const service = await startServiceUnderTest();
  undo.push(() => service.close());
  const forwarded = await forwardByTls(certificate, gateway, new URL(service.url));
  undo.push(() => forwarded.close());

  const model = await forward(gateway, new URL(service.url));
  undo.push(() => model.close());

  const postgres = await startPostgres(join(logs, "postgres.log"));
  undo.push(() => postgres.close());
  const database = await forward(gateway, new URL(`http://127.0.0.1:${postgres.port}`));
  undo.push(() => database.close());

  const emulator = await startEmulator({ gateway, log: join(logs, "emulator.log") });
  const followed = followContainers(emulator.containers, join(logs, "containers"));
  undo.push(() => followed.close());
  undo.push(() => removeImages(emulator));
  undo.push(() => emulator.close());
  const zoneId = await makeZone(emulator, domain);
  const proxy = await startTlsProxy({ emulator, zoneId, certificate });
  undo.push(() => proxy.close());

  Object.assign(project.env, emulator.env, {
    PATH: `${join(repository, "test/plugins")}${delimiter}${process.env["PATH"] ?? ""}`,
    NODE_OPTIONS: `--import=${join(repository, "test/cloud/names.js")}`,
    NODE_EXTRA_CA_CERTS: certificate.file,
    MASUMI_TEST_DOMAIN: domain,
    MASUMI_TEST_DOMAIN_PORT: String(proxy.port),
  });
  const { user, database: name } = postgres;
  await configure(project, {
    domain,
    service,
    paymentService: forwarded.url,
    modelApi: `${model.url}/model/v1`,
    databaseUrl: `postgresql://${user}@${new URL(database.url).host}/${name}`,
  });
  const run = async (...words: string[]): Promise<CliResult> => {
    const result = await project.run(...words);
    const { exitCode, stdout, stderr } = result;
    const said = `$ masumi-agents ${words.join(" ")}\n${stderr}${stdout}(exit code ${exitCode})\n\n`;
    appendFileSync(join(logs, "engine.log"), said);
    return result;
  };
  return {
    domain,
    project,
    service,
    emulator,
    postgres,
    proxy,
    run,
    control: new SandboxControl(new URL(service.url).origin),
    buyersService: service.url,
    async report<T>(...words: string[]): Promise<T> {
      const { exitCode, stdout, stderr } = await run(...words, "--json");
      if (exitCode === 0) return JSON.parse(stdout) as T;
      throw new Error(`masumi-agents ${words.join(" ")} ended with ${exitCode}:\n${stderr}\n${stdout}`);
    },
    ask: (agent: string, path: string) =>
      askByName({ host: `${agent}.${domain}`, port: proxy.port, ca: certificate.cert, path }),
  };
}

/** The address that this machine has in the network in which the emulator starts tasks: its first, unless it says otherwise. */
async function bridgeAddress(): Promise<string> {
  const [config] = (await inspect("bridge", ".IPAM.Config")) as { Gateway?: string; Subnet?: string }[];
  const first = config?.Subnet?.replace(/\.0\/\d+$/, ".1");
  const found = config?.Gateway || first;
  if (!found) throw new Error("Docker does not tell the addresses of its default network");
  return found;
}

interface Settings {
  readonly domain: string;
  readonly service: ServiceUnderTest;
  /** Where containers reach the payment service; this machine does so too. */
  readonly paymentService: string;
  readonly modelApi: string;
  readonly databaseUrl: string;
}

async function configure(
  project: TestProject,
  { domain, service, paymentService, modelApi, databaseUrl }: Settings,
) {
  const run = localRun(openProject(project.root), 0);
  await initStack(run);
  const plain = {
    "aws:region": REGION,
    "masumi:network": "Preprod",
    "masumi:paymentServiceUrl": `${paymentService}/api/v1`,
    "masumi:owner": service.owner,
    "masumi:wallets": JSON.stringify(service.wallets),
    "masumi:hosting": "ecs-alb",
    "masumi:aws": JSON.stringify({ domain }),
    "masumi:allowPrivateUrls": "true",
    "masumi:modelApi": modelApi,
  };
  const secret = {
    "masumi:apiKey": service.key,
    "masumi:runtimeKey": service.runtimeKey,
    "masumi:modelKey": "sandbox-model-key",
    "masumi:databaseUrl": databaseUrl,
  };
  for (const [key, value] of Object.entries(plain)) await setConfig(run, key, value);
  for (const [key, value] of Object.entries(secret)) await setConfig(run, key, value, { secret: true });
}

/** The hosted zone that a stack expects to find. */
async function makeZone({ clients }: Emulator, domain: string): Promise<string> {
  const route53 = await clients.route53();
  const { HostedZone } = await route53.createHostedZone({ Name: domain, CallerReference: domain });
  return (HostedZone?.Id ?? "").replace("/hostedzone/", "");
}

/** What the engine of this machine keeps of the images that were pushed to the emulator's registry. */
async function removeImages({ url }: Emulator): Promise<void> {
  const reference = `localhost:${new URL(url).port}/*`;
  const listed = await docker(["images", "--quiet", "--filter", `reference=${reference}`]);
  const images = [...new Set(listed.split("\n").filter(Boolean))];
  if (images.length > 0) await docker(["rmi", "--force", ...images]);
}
