/*
 * node cli/verify-bundled-node.ts: compares the Node that npm brings with what the Node project publishes. For a workflow, since
 * it downloads 200 MB: the archive of each platform must have its published SHA-256, which bundled-node.json keeps, and the
 * node in it the one that it knows.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import axios from "../providers/common/axios.ts";
import known from "./bundled-node.json" with { type: "json" };

const DIST = "https://nodejs.org/dist";
const WITHIN_MS = 300_000;
const MOST_BYTES = 200_000_000;

export interface KnownNode {
  readonly version: string;
  readonly archive: string;
  /** As the Node project's SHASUMS256.txt has it, in hexadecimal. */
  readonly archiveSha256: string;
  /** Of `bin/node` in that archive, in hexadecimal. */
  readonly sha256: string;
}

const sumOf = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");

async function download(url: string): Promise<Buffer> {
  const { data } = await axios.get<ArrayBuffer>(url, {
    responseType: "arraybuffer",
    maxContentLength: MOST_BYTES,
    signal: AbortSignal.timeout(WITHIN_MS),
  });
  return Buffer.from(data);
}

/** Returns the file `bin/node` of an archive. @throws Error if it has none */
function nodeOf(archive: Buffer, name: string): Buffer {
  const path = `${name.replace(/\.tar\.gz$/, "")}/bin/node`;
  const { status, stdout, stderr } = spawnSync("tar", ["-xzOf", "-", path], {
    input: archive,
    maxBuffer: MOST_BYTES,
  });
  if (status !== 0) throw new Error(`${name} has no ${path}: ${stderr.toString().trim()}`);
  return stdout;
}

/**
 * Returns what is wrong with a binary that is known; undefined if it is the Node project's.
 *
 * @param dist where the Node project publishes its releases
 * @throws Error if something cannot be downloaded
 */
export async function problemOf(
  { version, archive, archiveSha256, sha256 }: KnownNode,
  dist = DIST,
): Promise<string | undefined> {
  const folder = `${dist}/v${version}`;
  const sums = (await download(`${folder}/SHASUMS256.txt`)).toString();
  const published = sums
    .split("\n")
    .find((line) => line.endsWith(`  ${archive}`))
    ?.split(" ")[0];
  if (published === undefined) return `${archive}: the Node project publishes no sum of it`;
  if (published !== archiveSha256)
    return `${archive}: the published sum is ${published}, and bundled-node.json knows ${archiveSha256}`;
  const content = await download(`${folder}/${archive}`);
  if (sumOf(content) !== published) return `${archive}: what was downloaded has not the published sum`;
  const found = sumOf(nodeOf(content, archive));
  return found === sha256
    ? undefined
    : `${archive}: its bin/node has the sum ${found}, and bundled-node.json knows ${sha256}`;
}

if (process.argv[1] === import.meta.filename) {
  const problems = await Promise.all(Object.values(known).map((one) => problemOf(one)));
  for (const [index, name] of Object.keys(known).entries())
    console.log(`${name}: ${problems[index] ?? "as published"}`);
  process.exitCode = problems.some(Boolean) ? 1 : 0;
}
