import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problemOf } from "../../cli/verify-bundled-node.ts";

const VERSION = "22.0.1";
const ARCHIVE = "node-v22.0.1-linux-x64.tar.gz";
const sum = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");

/** What the Node project publishes, on loopback. */
const files = new Map<string, Buffer>();
const server = createServer(({ url = "" }, response) => {
  const found = files.get(url);
  if (found) response.end(found);
  else response.writeHead(404).end();
});
let dist: string;
let archive: Buffer;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "node-dist-"));
  mkdirSync(join(folder, "node-v22.0.1-linux-x64/bin"), { recursive: true });
  writeFileSync(join(folder, "node-v22.0.1-linux-x64/bin/node"), "the real one");
  execFileSync("tar", ["-czf", ARCHIVE, "node-v22.0.1-linux-x64"], { cwd: folder });
  archive = readFileSync(join(folder, ARCHIVE));
  rmSync(folder, { recursive: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  dist = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

function publish(sums: string, content = archive): void {
  files.set(`/v${VERSION}/SHASUMS256.txt`, Buffer.from(sums));
  files.set(`/v${VERSION}/${ARCHIVE}`, content);
}
const known = (content: string, archiveSha256 = sum(archive)) => ({
  version: VERSION,
  archive: ARCHIVE,
  archiveSha256,
  sha256: sum(content),
});

describe("a Node that npm brings", () => {
  it("is the project's if archive and binary have the published sums", async () => {
    publish(`${sum("x")}  node-v22.0.1.pkg\n${sum(archive)}  ${ARCHIVE}\n`);
    expect(await problemOf(known("the real one"), dist)).toBeUndefined();
  });

  it.each<[what: string, sums: () => string, binary: string, said: RegExp]>([
    ["another binary", () => `${sum(archive)}  ${ARCHIVE}\n`, "another one", /bundled-node\.json knows/],
    ["another published sum", () => `${sum("x")}  ${ARCHIVE}\n`, "the real one", /the published sum is/],
    ["no sum", () => `${sum(archive)}  other-${ARCHIVE}\n`, "the real one", /publishes no sum/],
  ])("is not, with %s", async (_what, sums, binary, said) => {
    publish(sums());
    expect(await problemOf(known(binary), dist)).toMatch(said);
  });

  it("is not, if the archive that is downloaded has not the published sum", async () => {
    publish(`${sum("another")}  ${ARCHIVE}\n`);
    expect(await problemOf(known("the real one", sum("another")), dist)).toMatch(/has not the published sum/);
  });

  it("is not judged where nothing can be downloaded", async () => {
    files.clear();
    await expect(problemOf(known("the real one"), dist)).rejects.toThrow("404");
  });
});
