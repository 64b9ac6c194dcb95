import { spawn } from "node:child_process";
import { type ClientRequestArgs, type IncomingMessage, request } from "node:http";
import { Duplex } from "node:stream";
import { DockerError } from "./errors.ts";

const DEFAULT_HOST = "unix:///var/run/docker.sock";
const TIMEOUT_MS = 60_000;

export interface EngineAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export interface EngineRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Path and query, as in the Docker Engine API. */
  readonly path: string;
  readonly body?: Buffer;
  /** What the body is; a tar archive by default. */
  readonly bodyType?: "application/json";
  /** Default: a minute. */
  readonly timeoutMs?: number;
}

/**
 * Sends a request to a Docker engine's HTTP API. Statuses of 500 and above are errors, all others are returned.
 *
 * @param host as in DOCKER_HOST: unix:///…, tcp://… or ssh://user@machine; "" is DOCKER_HOST, otherwise this machine's engine
 * @throws DockerError DOCKER_ENGINE_FAILED
 */
export async function askEngine(
  host: string,
  { method, path, body, bodyType, timeoutMs = TIMEOUT_MS }: EngineRequest,
): Promise<EngineAnswer> {
  const address = host || process.env["DOCKER_HOST"] || DEFAULT_HOST;
  const connection = connect(address);
  try {
    const answer = await send(
      {
        ...connection.options,
        method,
        path,
        headers: {
          host: "docker",
          ...(body
            ? { "content-type": bodyType ?? "application/x-tar", "content-length": body.byteLength }
            : {}),
        },
        signal: AbortSignal.timeout(timeoutMs),
      },
      body,
    );
    if (answer.status >= 500) throw new Error(`${answer.status} ${answer.body.toString().trim()}`);
    return answer;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const said = connection.complaints();
    throw new DockerError(
      "DOCKER_ENGINE_FAILED",
      `${method} ${path} failed on the Docker engine at ${address}: ${reason}.${said ? ` ssh says: ${said}.` : ""}`,
      "Check that the engine is running, and check masumi:docker.host or DOCKER_HOST.",
      { cause: error },
    );
  } finally {
    connection.close();
  }
}

interface Connection {
  readonly options: ClientRequestArgs;
  complaints(): string;
  close(): void;
}

const plain = (options: ClientRequestArgs): Connection => ({
  options: { ...options, agent: false },
  complaints: () => "",
  close: () => undefined,
});

function connect(address: string): Connection {
  const url = new URL(address);
  if (url.protocol === "unix:") return plain({ socketPath: url.pathname });
  if (url.protocol === "tcp:" || url.protocol === "http:") {
    return plain({ host: url.hostname.replaceAll(/[[\]]/g, ""), port: url.port || 2375 });
  }
  if (url.protocol === "ssh:") return throughSsh(url);
  throw new DockerError(
    "DOCKER_ENGINE_FAILED",
    `The Docker engine's address ${address} is not supported.`,
    "Use unix://, ssh:// or tcp:// in masumi:docker.host or DOCKER_HOST.",
  );
}

/** Does what Docker's own command line does: talks to the engine's API through the standard streams of a remote command. */
function throughSsh({ username, hostname, port }: URL): Connection {
  const login = username ? `${decodeURIComponent(username)}@${hostname}` : hostname;
  const args = [
    "-o",
    "BatchMode=yes",
    ...(port ? ["-p", port] : []),
    "--",
    login,
    "docker",
    "system",
    "dial-stdio",
  ];
  const child = spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  // The request fails as well and reports it; errors after the answer do not matter.
  stream.on("error", () => undefined);
  child.once("error", (error) => stream.destroy(error));
  return {
    // Without an agent, because with one createConnection would not be called.
    options: { createConnection: () => stream },
    complaints: () => complaints.trim(),
    close: () => {
      stream.destroy();
      child.kill();
    },
  };
}

function send(options: ClientRequestArgs, body: Buffer | undefined): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(options, (answer: IncomingMessage) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.once("error", reject);
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
