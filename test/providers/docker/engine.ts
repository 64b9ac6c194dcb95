import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Answer {
  readonly status: number;
  readonly body?: Buffer | string | object;
}

export interface ScriptedEngine {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** What was asked, as `GET /path`. */
  readonly asked: readonly string[];
  /** The bodies of the requests that had one. */
  readonly bodies: readonly string[];
  close(): Promise<void>;
}

/** A Docker engine on a socket of its own that answers as it is told. */
export async function scriptedEngine(answer: (asked: string) => Answer): Promise<ScriptedEngine> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-engine-"));
  const asked: string[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let sent = "";
    request.on("data", (chunk: Buffer) => (sent += chunk.toString("latin1")));
    request.once("end", () => sent && bodies.push(sent));
    const line = `${request.method} ${request.url}`;
    asked.push(line);
    const { status, body = "" } = answer(line);
    response
      .writeHead(status)
      .end(typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  });
  const socket = join(folder, "docker.sock");
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    host: `unix://${socket}`,
    asked,
    bodies,
    async close() {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
