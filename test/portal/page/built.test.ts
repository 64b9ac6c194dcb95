import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Hono } from "hono";
import { beforeAll, describe, expect, it } from "vitest";
import { buildPage } from "../../../portal/page/build.ts";
import { servePage } from "../../../portal/page/serve.ts";

let folder: string;
let files: ReadonlyMap<string, string>;

beforeAll(async () => {
  folder = await buildPage();
  files = new Map(
    globSync("**/*.*", { cwd: folder }).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
});

const html = () => files.get("index.html") ?? "";

describe("the built page", () => {
  it("loads less than 100 KB at first, compressed", () => {
    const bytes = [...files.values()].reduce((sum, text) => sum + gzipSync(text).length, 0);
    expect(files.size).toBeGreaterThan(2);
    expect(bytes).toBeLessThan(100_000);
  });

  it("has no key in it", () => {
    const keys =
      /\b(sk|rk)_(live|test)_|whsec_|pk_live_|service_role|-----BEGIN|\beyJ[\w-]{20,}|AKIA[0-9A-Z]{16}/;
    for (const [file, text] of files) expect([file, keys.exec(text)?.[0]]).toEqual([file, undefined]);
  });

  it("names no other host", () => {
    for (const [file, text] of files) {
      const hosts = [...text.matchAll(/https?:\/\/[\w.-]+\.[a-z]+/g)].map(([host]) => host);
      // Names of what SVG and MathML are, which nobody fetches.
      expect([file, ...hosts.filter((host) => host !== "http://www.w3.org")]).toEqual([file]);
    }
  });

  it("has neither script nor style in its HTML, nor code that is made of text", () => {
    expect(html()).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
    const made = [...files].filter(([, text]) =>
      /\beval\(|new Function\(|dangerouslySetInnerHTML=/.test(text),
    );
    expect(made.map(([file]) => file)).toEqual([]);
  });

  it("is not built again while its sources are the same", async () => {
    const said: string[] = [];
    await buildPage({ onProgress: (message) => said.push(message) });
    expect(said).toEqual([]);
  });
});

describe("the served page", () => {
  const app = new Hono();
  app.get("/agents", (context) => context.json({ agents: [] }));
  beforeAll(() => servePage(app, { folder, connect: ["https://issuer.example.com"] }));
  const asked = { headers: { Accept: "text/html,*/*" } };
  const asset = () => /\/assets\/[\w.-]+\.js/.exec(html())?.[0] ?? "";

  it.each(["/", "/create", "/agent/anything-at-all", "/operations/runs/1"])(
    "is the page at %s",
    async (path) => {
      const response = await app.request(path, asked);
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(html());
    },
  );

  it("is what a program without a browser gets at the root, such as one that checks that the portal is up", async () => {
    const response = await app.request("/", { headers: { Accept: "*/*" } });
    expect(await response.text()).toBe(html());
  });

  it("may do nothing but what it needs, and not be framed", async () => {
    const { headers } = await app.request("/", asked);
    const policy = headers.get("Content-Security-Policy") ?? "";
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self' https://issuer.example.com",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toContain("unsafe");
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("Referrer-Policy")).toBe("no-referrer");
  });

  it("is asked for anew, while its hashed files are kept for good", async () => {
    const page = await app.request("/", asked);
    expect(page.headers.get("Cache-Control")).toBe("no-cache");
    const again = await app.request("/", {
      headers: { ...asked.headers, "If-None-Match": page.headers.get("ETag") ?? "" },
    });
    expect(again.status).toBe(304);
    const script = await app.request(asset());
    expect(script.headers.get("Content-Type")).toContain("text/javascript");
    expect(script.headers.get("Cache-Control")).toContain("immutable");
  });

  it("is sent compressed", async () => {
    const response = await app.request(asset(), { headers: { "Accept-Encoding": "gzip" } });
    expect(response.headers.get("Content-Encoding")).toBe("gzip");
  });

  it("leaves the API its answers, also that something is not there", async () => {
    expect(await (await app.request("/agents")).json()).toEqual({ agents: [] });
    expect((await app.request("/agents/nobody", { headers: { Accept: "application/json" } })).status).toBe(
      404,
    );
    expect((await app.request("/assets/old-1234.js", { headers: { Accept: "*/*" } })).status).toBe(404);
  });

  it.each(["/../serve.ts", "/%2e%2e/serve.ts", "/assets/../../build.ts", "/..%2f..%2fpackage.json"])(
    "gives nothing outside of its folder: %s",
    async (path) => {
      const response = await app.request(path, { headers: { Accept: "*/*" } });
      expect(response.status).toBe(404);
    },
  );
});
