import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { S3 } from "@aws-sdk/client-s3";
import { freePort } from "./free-port.ts";
import { guarded } from "./guard.ts";
import { crewEnvironment, repository } from "./project.ts";

const PATIENCE_MS = 60_000;

export interface AskedOfS3 {
  readonly method: string;
  readonly path: string;
}

/**
 * An S3 (MiniStack, locked in test/cloud/aws) behind a path, as services other than AWS have theirs. What it is asked is kept, and
 * it can be told to answer with an error first.
 */
export class LocalS3 implements AsyncDisposable {
  readonly endpoint: string;
  readonly asked: AskedOfS3[] = [];
  /** Statuses that the next requests get instead of an answer. */
  readonly faults: number[] = [];
  /** Requests that get no answer at all, as long as it is set. */
  silentFor: ((asked: AskedOfS3) => boolean) | undefined;
  readonly client: S3;
  readonly #stop: () => Promise<void>;

  private constructor(endpoint: string, stop: () => Promise<void>) {
    this.endpoint = endpoint;
    this.#stop = stop;
    this.client = new S3({
      endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
  }

  static async start(): Promise<LocalS3> {
    const { venv } = await crewEnvironment();
    const [python, uv] = [join(venv, "bin/python"), join(venv, "bin/uv")];
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "masumi-s3-"));
    const emulator = join(repository, "test/cloud/aws");
    const words = ["--quiet", "--frozen", "--project", emulator, "--python", python, "python"];
    const program = [...words, join(emulator, "emulator.py")];
    const child = spawn(...guarded(uv, "--system-certs", "run", ...program), {
      cwd: folder,
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: {
        ...process.env,
        BIND_HOST: "127.0.0.1",
        GATEWAY_PORT: String(port),
        IOT_MTLS_ENABLED: "0",
        SFTP_ENABLED: "0",
        TMPDIR: folder,
      },
    });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const proxy = createServer((incoming, outgoing) => {
      const { method = "", url = "" } = incoming;
      const asked = { method, path: url.replace(/\?.*$/, "") };
      s3.asked.push(asked);
      if (s3.silentFor?.(asked)) {
        incoming.resume();
        return;
      }
      const fault = s3.faults.shift();
      if (fault !== undefined || !url.startsWith(PREFIX)) {
        incoming.resume();
        outgoing.writeHead(fault ?? 404).end();
        return;
      }
      const { headers } = incoming;
      const forwarded = ask(
        { host: "127.0.0.1", port, method, path: url.slice(PREFIX.length) || "/", headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        },
      );
      forwarded.once("error", () => outgoing.destroy());
      incoming.pipe(forwarded);
    });
    await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
    const endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${PREFIX}`;
    const s3: LocalS3 = new LocalS3(endpoint, async () => {
      proxy.closeAllConnections();
      proxy.close();
      // Its group: uv runs it as a child of its own.
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    });
    await s3.#answers();
    return s3;
  }

  async #answers(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const isUp = await this.client.listBuckets({}).then(
        () => true,
        () => false,
      );
      if (isUp) return;
      if (Date.now() > deadline) throw new Error("MiniStack does not answer");
      await sleep(100);
    }
  }

  async keys(bucket: string): Promise<string[]> {
    const { Contents = [] } = await this.client.listObjectsV2({ Bucket: bucket });
    return Contents.map(({ Key = "" }) => Key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.#stop();
  }
}

const PREFIX = "/storage/v1/s3";
