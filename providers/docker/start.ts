import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { askEngine } from "./engine.ts";
import { DockerError } from "./errors.ts";

export interface DockerStartArgs {
  /** The engine, as in DOCKER_HOST; "" is DOCKER_HOST, otherwise this machine's engine. */
  readonly host: string;
  /** The container's name. */
  readonly container: string;
  /** The container's id, which changes when it is recreated, so its start is waited for again. */
  readonly containerId: pulumi.Input<string>;
  readonly agentId: string;
  /** How long a crew may take to come up. */
  readonly seconds: number;
  /** How many processes and threads it may have. */
  readonly pids: number;
}

interface Inputs {
  readonly host: string;
  readonly container: string;
  readonly containerId: string;
  readonly agentId: string;
  readonly seconds: number;
  /** Missing in states that were written before there was a limit. */
  readonly pids?: number;
}

/** What the engine says of a container, as far as it is looked at. */
interface Container {
  readonly RestartCount: number;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Restarting: boolean;
    readonly OOMKilled: boolean;
    readonly ExitCode: number;
    readonly StartedAt: string;
    readonly Health?: {
      readonly Status: string;
      readonly Log?: readonly { readonly Output: string }[] | null;
    };
  };
}

const PAUSE_MS = 1000;
/** A single restart may be bad luck. */
const RESTARTS = 3;
const LINES = 15;

const pathOf = ({ container }: Inputs, what: string) =>
  `/containers/${encodeURIComponent(container)}/${what}`;

async function look(inputs: Inputs): Promise<Container> {
  const { status, body } = await askEngine(inputs.host, { method: "GET", path: pathOf(inputs, "json") });
  if (status < 300) return JSON.parse(body.toString()) as Container;
  throw new DockerError(
    "DOCKER_ENGINE_FAILED",
    `The Docker engine has no container ${inputs.container}: ${status} ${body.toString().trim()}.`,
    "Run refresh, then up: the container is created again.",
  );
}

/** What the engine says of a container that has ended, until it has been started again: at first it has not noticed yet. */
const JUST_ENDED = /cannot update a stopped container|\btask \w+ not found/;

/**
 * Limits the number of a container's processes, which the Docker provider cannot.
 *
 * @returns false if the container has just ended, so it has no limit yet
 * @throws DockerError DOCKER_ENGINE_FAILED
 */
async function limitProcesses(inputs: Inputs): Promise<boolean> {
  if (inputs.pids === undefined) return true;
  const answer = await askEngine(inputs.host, {
    method: "POST",
    path: pathOf(inputs, "update"),
    body: Buffer.from(JSON.stringify({ PidsLimit: inputs.pids })),
    bodyType: "application/json",
  }).catch((error: unknown) => {
    if (error instanceof DockerError && JUST_ENDED.test(error.message)) return undefined;
    throw error;
  });
  if (answer === undefined) return false;
  const { status, body } = answer;
  // One that is not there is complained about by whoever looks at it next.
  if (status < 300 || status === 404) return true;
  throw new DockerError(
    "DOCKER_ENGINE_FAILED",
    `The Docker engine did not limit the processes of the container ${inputs.container}: ${status} ${body.toString().trim()}.`,
    "Fix the problem it reports, then run again.",
  );
}

/** Verdict on a container: it is up, it will not come up for a reason, or it is still starting (undefined). */
type Verdict = { readonly up: true } | { readonly up: false; readonly reason: string } | undefined;

function judge({ State, RestartCount }: Container, before: Container | undefined): Verdict {
  const { Health, Restarting, Running, Status } = State;
  // A container without a health check is up if it is running and was already running the last time.
  const isUp = Health ? Health.Status === "healthy" : State.StartedAt === before?.State.StartedAt;
  if (Running && !Restarting && isUp) return { up: true };
  const ended = `it exited with code ${State.ExitCode}${State.OOMKilled ? " (out of memory)" : ""}`;
  if (Restarting && RestartCount >= RESTARTS) return { up: false, reason: `${ended}, ${RestartCount} times` };
  return Running || Status === "created" ? undefined : { up: false, reason: `${ended} and is not restarted` };
}

/**
 * Waits until a crew is up in its container, with its limit of processes.
 * @throws DockerError DOCKER_CREW_NOT_UP, DOCKER_ENGINE_FAILED
 */
async function bringUp(inputs: Inputs): Promise<void> {
  for (let attempt = 0; attempt <= RESTARTS; attempt += 1) {
    const isLimited = await limitProcesses(inputs);
    await awaitUp(inputs);
    if (isLimited) return;
  }
  throw notUp(inputs, "it ends again and again", await lastLines(inputs));
}

const notUp = ({ agentId, container }: Inputs, reason: string, lines: readonly string[]): DockerError => {
  const log = lines.join("\n");
  return new DockerError(
    "DOCKER_CREW_NOT_UP",
    `${agentId} did not come up in its container ${container}: ${reason}.\n${log}`,
    `Fix the cause and deploy again.${LACKS_RIGHTS.test(log) ? ` ${MORE_RIGHTS}` : ""} Nothing was registered or changed on the chain.`,
  );
};

/** Waits until a crew is up in its container. @throws DockerError DOCKER_CREW_NOT_UP, DOCKER_ENGINE_FAILED */
async function awaitUp(inputs: Inputs): Promise<void> {
  const end = Date.now() + inputs.seconds * 1000;
  let verdict: Verdict;
  let before: Container | undefined;
  while (verdict === undefined && Date.now() < end) {
    const now = await look(inputs);
    verdict = judge(now, before);
    before = now;
    if (verdict === undefined) await sleep(PAUSE_MS);
  }
  if (verdict?.up) return;
  const reason = verdict?.reason ?? `after ${inputs.seconds} seconds ${lastHealth(before)}`;
  throw notUp(inputs, reason, await lastLines(inputs));
}

const LACKS_RIGHTS = /read-only file ?system|operation not permitted/i;
const MORE_RIGHTS =
  "An image of your own may write to /data and /tmp only, and has no capabilities: what it needs more, ask for with " +
  "container: in its YAML.";

function lastHealth(container: Container | undefined): string {
  const said = container?.State.Health?.Log?.at(-1)?.Output.trim();
  return said ? `it is not healthy: ${said}` : "it is not healthy yet";
}

/** Returns the last lines of the crew's log. Never throws, because it only explains another failure. */
async function lastLines(inputs: Inputs): Promise<string[]> {
  try {
    const path = pathOf(inputs, `logs?stdout=1&stderr=1&tail=${LINES}`);
    const { status, body } = await askEngine(inputs.host, { method: "GET", path });
    if (status >= 300) return [`Its log could not be read: ${status} ${body.toString().trim()}.`];
    const lines = unframed(body).split("\n").filter(Boolean).slice(-LINES);
    return lines.length === 0
      ? ["Its log is empty."]
      : ["The last lines of its log:", ...lines.map((line) => `  ${line.trimEnd()}`)];
  } catch (error) {
    return [`Its log could not be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}

const FRAME_HEADER = 8;

/** Removes the frames around stdout and stderr: one byte for the stream, three unused, four for the length, then the text. */
function unframed(frames: Buffer): string {
  const texts: Buffer[] = [];
  for (let offset = 0; offset + FRAME_HEADER <= frames.byteLength;) {
    const start = offset + FRAME_HEADER;
    const end = start + frames.readUInt32BE(offset + 4);
    texts.push(frames.subarray(start, end));
    offset = end;
  }
  return Buffer.concat(texts).toString();
}

/** The dynamic provider behind DockerStart. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    const changes = (["host", "container", "containerId", "pids"] as const).some(
      (key) => olds[key] !== news[key],
    );
    return { changes, replaces: [] };
  },

  async create(inputs: Inputs) {
    await bringUp(inputs);
    return { id: inputs.container, outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    await bringUp(news);
    return { outs: news };
  },
};

/**
 * Waits until a crew is up in its container, and otherwise fails with its exit code and the last lines of its log. The Docker
 * provider can also wait, but reports neither, and always waits the full time for a crew that cannot start.
 *
 * A recreated container is waited for again, in place. Removing this resource does nothing.
 */
export class DockerStart extends pulumi.CustomResource {
  constructor(name: string, args: DockerStartArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:DockerStart",
      name,
      {
        ...args,
        __provider: PROVIDER_TEXTS.DockerStart,
      },
      options,
    );
  }
}
