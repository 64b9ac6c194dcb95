import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Reach, fetchDocument } from "../../../infra/crews/fetch-document.ts";

const CONTENT = "price,1\n";
const DIGEST = createHash("sha256").update(CONTENT).digest("hex");
const MEBIBYTE = 1024 * 1024;

const server = createServer((request, response) => {
  const to = new Map([
    ["/moved", "/prices.csv"],
    ["/loop", "/loop"],
    ["/inside", "http://169.254.169.254/latest/meta-data"],
    ["/inside-v6", "http://[fd00:ec2::254]/latest"],
    ["/file", "ftp://example.com/prices.csv"],
  ]).get(request.url ?? "");
  if (to) response.writeHead(302, { location: to }).end();
  else if (request.url === "/prices.csv") response.end(CONTENT);
  else if (request.url === "/huge") response.end("x".repeat(2 * MEBIBYTE));
  else response.writeHead(404).end();
});
let origin: string;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

/** This test's server, and nothing else of this machine's networks. */
const LOOPBACK: Reach = { protocol: "http:", isAllowed: (address) => address === "127.0.0.1" };
const wanted = (url: string) => ({ url, sha256: DIGEST, maxBytes: MEBIBYTE });

describe("a document that is a link", () => {
  it.each(["/prices.csv", "/moved"])("is fetched from %s", async (path) => {
    expect((await fetchDocument(wanted(origin + path), LOOPBACK)).toString()).toBe(CONTENT);
  });

  it("is refused if it is not what was declared, with the digest that it has", async () => {
    await expect(
      fetchDocument({ ...wanted(`${origin}/prices.csv`), sha256: "0".repeat(64) }, LOOPBACK),
    ).rejects.toThrow(`leads to different content than declared: its digest is ${DIGEST} (8 bytes)`);
  });

  it.each<[path: string, reason: string]>([
    ["/missing", "answers with status 404"],
    ["/loop", "is redirected more than 3 times"],
    ["/huge", "is larger than 1 MiB"],
    ["/inside", "leads to 169.254.169.254, which is not a public address"],
    ["/inside-v6", "leads to fd00:ec2::254, which is not a public address"],
    ["/file", "leads to ftp:// instead of https://"],
  ])("is refused: %s", async (path, reason) => {
    await expect(fetchDocument(wanted(origin + path), LOOPBACK)).rejects.toThrow(reason);
  });

  it("is refused if nothing answers", async () => {
    await expect(fetchDocument(wanted("http://127.0.0.1:1/a.csv"), LOOPBACK)).rejects.toThrow(
      "cannot be reached (ECONNREFUSED)",
    );
  });

  it.each<[url: string, reason: RegExp]>([
    ["https://127.0.0.1/a.csv", /^leads to 127\.0\.0\.1, which is not a public address/],
    ["https://[::1]/a.csv", /^leads to ::1, which is not a public address/],
    ["https://localhost/a.csv", /^leads to (127\.0\.0\.1|::1), which is not a public address/],
    ["http://93.184.216.34/a.csv", /^leads to http:\/\/ instead of https:\/\//],
  ])("is never fetched from this machine, nor in the clear: %s", async (url, reason) => {
    await expect(fetchDocument(wanted(url))).rejects.toThrow(reason);
  });
});
