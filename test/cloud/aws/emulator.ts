import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Aws, clientsOf } from "../../plugins/aws/clients.ts";
import { type Reachable, forward } from "../../image/host.ts";
import { crewEnvironment, repository } from "../../helpers/project.ts";
import { startProcess } from "../processes.ts";

const run = promisify(execFile);
const FOLDER = join(repository, "test/cloud/aws");
const INSTALL_MS = 120_000;
const START_MS = 60_000;

const NAME = "masumi-cloud-test";

export const REGION = "eu-central-1";

/** With which whoever asks the emulator is let in. */
const credentials = { accessKeyId: "test", secretAccessKey: "test" };

export interface Emulator {
  /** On loopback. */
  readonly url: string;
  readonly clients: Aws;
  /** What processes of this machine need to reach it, and nothing but it. */
  readonly env: Readonly<Record<string, string>>;
  /** A filter for Docker's commands: the containers that it started. */
  readonly containers: string;
  close(): Promise<void>;
}

export interface EmulatorOptions {
  /** The address at which containers reach this machine. */
  readonly gateway: string;
  /** File for what it says. */
  readonly log: string;
}

/** Installs the emulator of AWS by its lock, on first use. */
async function install(): Promise<string> {
  const { venv, python } = await crewEnvironment();
  const uv = ["--system-certs", "sync", "--quiet", "--frozen", "--project", FOLDER, "--python", python];
  await run(join(venv, "bin/uv"), uv, { timeout: INSTALL_MS });
  return join(FOLDER, ".venv/bin/python");
}

/** Tasks are told the emulator's own port, at the address that containers reach this machine by: it has to be free at both. */
async function forwardFreePort(gateway: string): Promise<Reachable> {
  for (;;) {
    const forwarded = await forward(gateway);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(Number(new URL(forwarded.url).port), "127.0.0.1", () => resolve(true));
    });
    if (isFree) {
      await new Promise((closed) => void probe.close(closed));
      return forwarded;
    }
    await forwarded.close();
  }
}

/** Starts an emulator of AWS on loopback, which starts tasks as containers of this machine's engine. */
export async function startEmulator({ gateway, log }: EmulatorOptions): Promise<Emulator> {
  const python = await install();
  const forwarded = await forwardFreePort(gateway);
  const { port } = new URL(forwarded.url);
  const env = {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: REGION,
  };
  const server = startProcess({
    command: python,
    args: [join(FOLDER, "emulator.py")],
    log,
    env: {
      PATH: process.env["PATH"],
      MINISTACK_HOSTNAME: NAME,
      BIND_HOST: "127.0.0.1",
      GATEWAY_PORT: port,
      MINISTACK_REGION: REGION,
      IOT_MTLS_ENABLED: "0",
      SFTP_ENABLED: "0",
      TASK_ENVIRONMENT: JSON.stringify(env),
    },
  });
  const url = `http://127.0.0.1:${port}`;
  const answers = async () =>
    (await fetch(`${url}/_ministack/health`, { signal: AbortSignal.timeout(START_MS) })).ok || undefined;
  await server.up(`the emulator of AWS answers (${log})`, START_MS, answers).catch(async (error: unknown) => {
    await forwarded.close();
    throw error;
  });
  return {
    url,
    clients: clientsOf({ endpoint: url, region: REGION, credentials }),
    containers: `label=ministack.instance=${NAME}:${port}`,
    env: { ...env, AWS_ENDPOINT_URL: url, AWS_EC2_METADATA_DISABLED: "true" },
    async close() {
      await server.stop();
      await forwarded.close();
    },
  };
}
