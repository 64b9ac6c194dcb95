import { type IncomingMessage, type RequestOptions, request } from "node:http";
import type { Readable } from "node:stream";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";

const API = "/v1.41";
const PATIENCE_MS = 60_000;

/** What an engine refuses, in its own words. */
export class EngineRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Ask {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly stream?: Readable;
  /** Default: one that ends after a minute. */
  readonly signal?: AbortSignal;
}

/** A Docker engine's HTTP API. */
export class DockerEngine {
  readonly #connection: RequestOptions;

  /** @param host as in DOCKER_HOST: unix:///… or tcp://… */
  constructor(host = "unix:///var/run/docker.sock") {
    const { protocol, hostname, port, pathname } = new URL(host);
    if (protocol === "unix:") this.#connection = { socketPath: pathname };
    else if (protocol === "tcp:") this.#connection = { host: hostname, port: port || 2375 };
    else throw new Error(`the docker plugin of the tests reaches no engine at ${host}`);
  }

  /** @returns the answer's body, parsed; undefined if what is asked for is not there. @throws EngineRefusal */
  async ask<T>(method: string, path: string, ask: Ask = {}): Promise<T | undefined> {
    const answer = await this.#send(method, path, ask);
    const text = Buffer.concat(await answer.toArray()).toString();
    const status = answer.statusCode ?? 0;
    if (status === 404 && method !== "POST") return undefined;
    if (status >= 400) throw new EngineRefusal(status, messageOf(text));
    const isJson = answer.headers["content-type"]?.startsWith("application/json") ?? false;
    return (isJson && text ? JSON.parse(text) : undefined) as T | undefined;
  }

  /** Each message of an answer that comes bit by bit. @throws EngineRefusal */
  async *follow<T>(path: string, ask: Ask): AsyncGenerator<T> {
    const answer = await this.#send("POST", path, ask);
    if ((answer.statusCode ?? 0) >= 400) {
      throw new EngineRefusal(
        answer.statusCode ?? 0,
        messageOf(Buffer.concat(await answer.toArray()).toString()),
      );
    }
    for await (const line of createInterface({ input: answer })) if (line) yield JSON.parse(line) as T;
  }

  #send(
    method: string,
    path: string,
    { query = {}, headers = {}, json, stream, signal }: Ask,
  ): Promise<IncomingMessage> {
    const type = stream ? "application/x-tar" : "application/json";
    return new Promise((resolve, reject) => {
      const sent = request({
        ...this.#connection,
        method,
        path: `${API}${path}?${new URLSearchParams(query).toString()}`,
        headers: {
          host: "docker",
          ...(stream || json !== undefined ? { "content-type": type } : {}),
          ...headers,
        },
        signal: signal ?? AbortSignal.timeout(PATIENCE_MS),
      });
      sent.once("response", resolve);
      sent.once("error", reject);
      if (stream) pipeline(stream, sent).catch(reject);
      else sent.end(json === undefined ? "" : JSON.stringify(json));
    });
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.trim();
  }
}
