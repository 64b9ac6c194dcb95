/** Everything that a stack of the hosting ecs-alb meets outside, on this machine: AWS, DNS, TLS, payment service, model, database. */
import { join } from "node:path";
import { localRun } from "../../stacks/local/local-stack.ts";
import { openProject } from "../../stacks/project.ts";
import { setConfig } from "../../local/engine/index.ts";
import { docker } from "../image/docker.ts";
import { forward } from "../image/host.ts";
import { type Emulator, REGION, startEmulator } from "./aws/emulator.ts";
import { type Answer, askByName } from "./ask.ts";
import { followContainers } from "./container-logs.ts";
import { type Foundation, layFoundation, takenDown } from "./foundation.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { type TlsProxy, startTlsProxy } from "./tls-proxy.ts";

export interface CloudWorld extends Foundation {
  readonly domain: string;
  readonly emulator: Emulator;
  readonly postgres: Postgres;
  readonly proxy: TlsProxy;
  /** Sets one of the stack's settings, below masumi:. */
  set(name: string, value: string): Promise<void>;
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
export const startCloudWorld = (options: CloudWorldOptions): Promise<CloudWorld> =>
  takenDown((undo) => start(options, undo));

async function start({ domain, logs }: CloudWorldOptions, undo: (() => unknown)[]) {
  const ground = await layFoundation({ domain, logs, hosting: "ecs-alb", name: "masumi-agents" }, undo);
  const { certificate, gateway, project } = ground;

  const postgres = await startPostgres(join(logs, "postgres.log"));
  undo.push(() => postgres.close());
  const database = await forward(gateway, new URL(`http://127.0.0.1:${postgres.port}`));
  undo.push(() => database.close());

  const emulator = await startEmulator({ gateway, log: join(logs, "emulator.log") });
  const followed = followContainers(emulator.containers, join(logs, "containers"));
  undo.push(() => followed.close());
  undo.push(() => sweep(emulator));
  undo.push(() => emulator.close());
  const zoneId = await makeZone(emulator, domain);
  const proxy = await startTlsProxy({ emulator, domain, zoneId, certificate });
  undo.push(() => proxy.close());

  Object.assign(project.env, emulator.env, {
    NODE_OPTIONS: `--import=${new URL("names.js", import.meta.url).href}`,
    MASUMI_TEST_DOMAIN: domain,
    MASUMI_TEST_DOMAIN_PORT: String(proxy.port),
  });
  const run = localRun(openProject(project.root), "local");
  const set = (name: string, value: string) => setConfig(run, `masumi:${name}`, value);
  await setConfig(run, "aws:region", REGION);
  await set("aws", JSON.stringify({ domain }));
  const databaseUrl = `postgresql://${postgres.user}@${new URL(database.url).host}/${postgres.database}`;
  await setConfig(run, "masumi:databaseUrl", databaseUrl, { secret: true });
  return {
    ...ground,
    domain,
    emulator,
    postgres,
    proxy,
    set,
    ask: (agent: string, path: string) =>
      askByName({ host: `${agent}.${domain}`, port: proxy.port, ca: certificate.cert, path }),
  };
}

/** The hosted zone that a stack expects to find. */
async function makeZone({ clients }: Emulator, domain: string): Promise<string> {
  const route53 = await clients.route53();
  const { HostedZone } = await route53.createHostedZone({ Name: domain, CallerReference: domain });
  return (HostedZone?.Id ?? "").replace("/hostedzone/", "");
}

/** What is left on the engine of this machine: containers of a killed emulator, and the images that were pushed to it. */
async function sweep({ url, containers }: Emulator): Promise<void> {
  const list = async (...args: string[]) => [...new Set((await docker(args)).split("\n").filter(Boolean))];
  const left = await list("ps", "--all", "--quiet", "--filter", containers);
  if (left.length > 0) await docker(["rm", "--force", "--volumes", ...left]);
  const pushed = `reference=localhost:${new URL(url).port}/*`;
  const images = await list("images", "--quiet", "--filter", pushed);
  if (images.length > 0) await docker(["rmi", "--force", ...images]);
}
