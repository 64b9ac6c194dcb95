/** What a stack of containers meets outside wherever it is hosted: a project, the payment service by https, a model. */
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { SANDBOX_BUYER_KEY, localRun } from "../../stacks/local/local-stack.ts";
import { openProject } from "../../stacks/project.ts";
import { initStack, setConfig } from "../../local/engine/index.ts";
import { type CliResult, type RunReport, type TestProject, repository } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";
import { type ServiceUnderTest, startServiceUnderTest } from "../helpers/service-under-test.ts";
import { inspect } from "../image/docker.ts";
import { forward } from "../image/host.ts";
import { makeBase } from "./base.ts";
import { makeCloudProject } from "./project.ts";
import { BROWSER_DOMAIN, type Certificate, certificateFor, forwardByTls } from "./tls.ts";

export interface Foundation {
  /** This machine's address for containers. */
  readonly gateway: string;
  /** What processes and containers of the tests trust: the payment service's, and that of agents below the domain. */
  readonly certificate: Certificate;
  readonly project: TestProject;
  readonly service: ServiceUnderTest;
  /** Scripts what goes wrong in the payment service and at the model. */
  readonly control: SandboxControl;
  /** Where a buyer reaches the payment service: its key is sent there. */
  readonly buyersService: string;
  /** Runs `masumi-agents` as a user would; what it says is kept among the logs. */
  run(...words: string[]): Promise<CliResult>;
  /** The same with --json. @throws if it fails, with what it said */
  report<T = RunReport>(...words: string[]): Promise<T>;
}

export interface FoundationOptions {
  /** The same in all tests: images that trust its certificate are built upon. */
  readonly domain: string;
  /** Folder for the logs; emptied. */
  readonly logs: string;
  readonly hosting: "docker" | "ecs-alb" | "shared";
  /** What the Pulumi project is called, and after it nearly everything that the program makes. */
  readonly name: string;
}

/** Steps that take down what was started, to be taken backwards. */
export type Undo = (() => unknown)[];

/** Starts something of many parts. @throws if one does not come up; what did is taken down again */
export async function takenDown<T extends object>(
  start: (undo: Undo) => Promise<T>,
): Promise<T & { close(): Promise<void> }> {
  const undo: Undo = [];
  const close = async () => {
    const failures: unknown[] = [];
    for (const step of undo.splice(0).toReversed()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "not all of it could be taken down");
  };
  try {
    return { ...(await start(undo)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function layFoundation(
  { domain, logs, hosting, name }: FoundationOptions,
  undo: Undo,
): Promise<Foundation> {
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  const gateway = await bridgeAddress();

  const certificate = certificateFor([`DNS:*.${domain}`, `DNS:*.${BROWSER_DOMAIN}`, `IP:${gateway}`]);
  const base = await makeBase(certificate);
  undo.push(() => base.remove());
  const project = makeCloudProject(name, base.name);
  undo.push(() => project.dispose());

  const service = await startServiceUnderTest([gateway]);
  undo.push(() => service.close());
  const forwarded = await forwardByTls(certificate, gateway, new URL(service.url));
  undo.push(() => forwarded.close());
  const model = await forward(gateway, new URL(service.url));
  undo.push(() => model.close());

  Object.assign(project.env, {
    PATH: `${join(repository, "test/plugins")}${delimiter}${process.env["PATH"] ?? ""}`,
    NODE_EXTRA_CA_CERTS: certificate.file,
    // The commands that hire read it, no other one does.
    MASUMI_BUYER_KEY: SANDBOX_BUYER_KEY,
  });
  const urls = { paymentServiceUrl: `${forwarded.url}/api/v1`, modelApi: `${model.url}/model/v1` };
  // The containers of this machine reach its model and its database by the bridge's address, in the clear.
  await configure(project, service, { ...urls, hosting, allowClearText: JSON.stringify([gateway]) });
  const run = async (...words: string[]): Promise<CliResult> => {
    const result = await project.run(...words);
    const { exitCode, stdout, stderr } = result;
    const said = `$ masumi-agents ${words.join(" ")}\n${stderr}${stdout}(exit code ${exitCode})\n\n`;
    appendFileSync(join(logs, "engine.log"), said);
    return result;
  };
  return {
    gateway,
    certificate,
    project,
    service,
    run,
    control: new SandboxControl(new URL(service.url).origin),
    buyersService: service.url,
    async report<T>(...words: string[]): Promise<T> {
      const { exitCode, stdout, stderr } = await run(...words, "--json");
      if (exitCode === 0) return JSON.parse(stdout) as T;
      throw new Error(`masumi-agents ${words.join(" ")} ended with ${exitCode}:\n${stderr}\n${stdout}`);
    },
  };
}

/** The address that this machine has in Docker's default network: its first, unless it says otherwise. */
async function bridgeAddress(): Promise<string> {
  const [config] = (await inspect("bridge", ".IPAM.Config")) as { Gateway?: string; Subnet?: string }[];
  const first = config?.Subnet?.replace(/\.0\/\d+$/, ".1");
  const found = config?.Gateway || first;
  if (!found) throw new Error("Docker does not tell the addresses of its default network");
  return found;
}

interface Settings {
  readonly hosting: string;
  /** Where containers reach the payment service; this machine does so too. */
  readonly paymentServiceUrl: string;
  readonly modelApi: string;
  readonly allowClearText: string;
}

async function configure(project: TestProject, service: ServiceUnderTest, settings: Settings): Promise<void> {
  const run = localRun(openProject(project.root), "local");
  await initStack(run);
  const plain = {
    ...settings,
    network: "Preprod",
    owner: service.owner,
    wallets: JSON.stringify(service.wallets),
    allowPrivateUrls: "true",
  };
  const secret = { apiKey: service.key, runtimeKey: service.runtimeKey, modelKey: "sandbox-model-key" };
  for (const [key, value] of Object.entries(plain)) await setConfig(run, `masumi:${key}`, value);
  for (const [key, value] of Object.entries(secret))
    await setConfig(run, `masumi:${key}`, value, { secret: true });
}
