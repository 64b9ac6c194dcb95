import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { provider } from "../../../providers/docker/identity.ts";
import { packFile, unpackFile } from "../../../providers/docker/tar.ts";

/** A Docker engine of one container, as far as archives go: files by path. */
class Engine {
  container = "masumi-a";
  readonly files = new Map<string, Buffer>();
  readonly requests: string[] = [];
  refuses: number | undefined;
  readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { status, body } = this.answer(request.method ?? "", request.url ?? "", Buffer.concat(chunks));
      response.writeHead(status).end(body);
    });
  });

  private answer(method: string, target: string, body: Buffer): { status: number; body?: Buffer | string } {
    const url = new URL(target, "http://docker");
    this.requests.push(`${method} ${decodeURIComponent(target)}`);
    if (this.refuses) return { status: this.refuses, body: '{"message":"no room left"}' };
    const path = url.searchParams.get("path") ?? "";
    if (url.pathname !== `/containers/${this.container}/archive`)
      return { status: 404, body: "no container" };
    if (method === "PUT") {
      const content = unpackFile(body);
      const name = body.toString("ascii", 0, 100).replaceAll("\0", "");
      if (content) this.files.set(`${path}/${name}`, content);
      return { status: 200 };
    }
    const content = this.files.get(path);
    return content ? { status: 200, body: packFile("identity.json", content) } : { status: 404 };
  }
}

let engine: Engine;
let folder: string;
let host: string;

beforeEach(async () => {
  engine = new Engine();
  folder = mkdtempSync(join(tmpdir(), "masumi-engine-"));
  const socket = join(folder, "docker.sock");
  host = `unix://${socket}`;
  await new Promise<void>((resolve) => engine.server.listen(socket, resolve));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await new Promise((resolve) => engine.server.close(resolve));
  rmSync(folder, { recursive: true });
});

const SELLER = { paymentSourceType: "V1", sellerVkey: "0b".repeat(28) } as const;

const inputs = (changes: Partial<Parameters<typeof provider.create>[0]> = {}) => ({
  host,
  container: "masumi-a",
  folder: "/data",
  agentIdentifier: "ab12",
  ...SELLER,
  ...changes,
});
const identity = () => JSON.parse(engine.files.get("/data/identity.json")?.toString() ?? "null") as unknown;

describe("the identity of a crew in a container", () => {
  it("is written, changed, read back, and marked as draining when it is removed", async () => {
    const { id, outs } = await provider.create(inputs());
    expect(identity()).toEqual({ agentIdentifier: "ab12", ...SELLER, draining: false });
    await provider.update(id, outs, inputs({ agentIdentifier: "cd34" }));
    expect(await provider.read(id, outs)).toEqual({ id, props: { ...outs, agentIdentifier: "cd34" } });
    await provider.delete(id, inputs({ agentIdentifier: "cd34" }));
    expect(identity()).toEqual({ agentIdentifier: "cd34", ...SELLER, draining: true });
  });

  it("is written through DOCKER_HOST where the stack names no engine", async () => {
    vi.stubEnv("DOCKER_HOST", host);
    await provider.create(inputs({ host: "" }));
    expect(identity()).toEqual({ agentIdentifier: "ab12", ...SELLER, draining: false });
  });

  it("is written over TCP", async () => {
    const other = new Engine();
    await new Promise<void>((resolve) => other.server.listen(0, "127.0.0.1", resolve));
    const { port } = other.server.address() as AddressInfo;
    await provider.create(inputs({ host: `tcp://127.0.0.1:${port}` }));
    expect(other.files.size).toBe(1);
    await new Promise((resolve) => other.server.close(resolve));
  });

  it("is written through ssh to another machine's engine", async () => {
    const ssh = join(folder, "ssh");
    const arguments_ = join(folder, "arguments");
    const relay = `const s = require("net").connect(${JSON.stringify(join(folder, "docker.sock"))});
require("fs").writeFileSync(${JSON.stringify(arguments_)}, process.argv.slice(2).join(" "));
process.stdin.pipe(s); s.pipe(process.stdout);`;
    writeFileSync(join(folder, "relay.cjs"), relay);
    writeFileSync(ssh, `#!/bin/sh\nexec "${process.execPath}" "${join(folder, "relay.cjs")}" "$@"\n`);
    chmodSync(ssh, 0o755);
    vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"]}`);

    await provider.create(inputs({ host: "ssh://deploy@agents.example.com:2222" }));
    expect(identity()).toEqual({ agentIdentifier: "ab12", ...SELLER, draining: false });
    const { readFileSync } = await import("node:fs");
    expect(readFileSync(arguments_, "utf8")).toBe(
      "-o BatchMode=yes -p 2222 -- deploy@agents.example.com docker system dial-stdio",
    );
  });

  it("is gone when container or file are gone", async () => {
    expect(await provider.read("id", inputs())).toEqual({});
    expect(await provider.read("id", inputs({ container: "masumi-b" }))).toEqual({});
  });

  it("need not be marked in a container that is gone", async () => {
    await provider.delete("id", inputs({ container: "masumi-b" }));
    expect(engine.requests).toEqual(["PUT /containers/masumi-b/archive?path=/data"]);
  });

  it.each([
    ["agentIdentifier", { changes: true, replaces: [] }],
    ["paymentSourceType", { changes: true, replaces: [] }],
    ["sellerVkey", { changes: true, replaces: [] }],
    ["container", { changes: true, replaces: ["container"] }],
    ["host", { changes: true, replaces: ["host"] }],
    ["folder", { changes: true, replaces: ["folder"] }],
  ])("counts another %s as a change", async (key, expected) => {
    expect(await provider.diff("id", inputs(), inputs({ [key]: "other" }))).toEqual(expected);
    expect(await provider.diff("id", inputs(), inputs())).toEqual({ changes: false, replaces: [] });
  });
});

describe("an engine that does not do it is said, with the remedy", () => {
  it.each<[what: string, prepare: () => string, said: RegExp]>([
    [
      "a container that is not there",
      () => ((engine.container = "masumi-b"), host),
      /The container masumi-a, .* does not exist/,
    ],
    [
      "an engine that is not there",
      () => `unix://${folder}/none.sock`,
      /DOCKER_ENGINE_FAILED: .*none\.sock.*\n.*masumi:docker\.host/,
    ],
    ["an engine in trouble", () => ((engine.refuses = 500), host), /500 .*no room left/],
    [
      "an engine that refuses",
      () => ((engine.refuses = 403), host),
      /did not accept identity\.json.*403 .*no room/,
    ],
    ["an address of another kind", () => "npipe:////./pipe/docker", /Use unix:\/\/, ssh:\/\/ or tcp:\/\//],
    ["no way to the machine", () => (vi.stubEnv("PATH", folder), "ssh://nobody@nowhere.invalid"), /ssh/],
  ])("%s", async (_what, prepare, said) => {
    await expect(provider.create(inputs({ host: prepare() }))).rejects.toThrow(said);
  });
});

describe("an archive of one file", () => {
  it.each([0, 1, 511, 512, 513, 5000])("gives back %i bytes", (size) => {
    const content = Buffer.alloc(size, "x");
    const archive = packFile("identity.json", content);
    expect(archive.byteLength % 512).toBe(0);
    expect(unpackFile(archive)).toEqual(content);
  });

  it("is what tar reads", async () => {
    const { spawnSync } = await import("node:child_process");
    const { stdout } = spawnSync("tar", ["-xOf", "-"], {
      input: packFile("identity.json", Buffer.from("hello")),
    });
    expect(stdout.toString()).toBe("hello");
  });

  it("without a file gives none", () => {
    expect(unpackFile(Buffer.alloc(1024))).toBeUndefined();
  });
});
