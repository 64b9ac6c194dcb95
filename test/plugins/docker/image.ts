import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "zod";
import { isObject } from "../../../local/engine/values.ts";
import { type Value, type Work, resourceFor } from "../server/package.ts";
import type { DockerEngine } from "./engine.ts";
import { followed } from "./messages.ts";

const inputs = z.strictObject({
  imageName: z.string(),
  build: z.strictObject({
    context: z.string(),
    dockerfile: z.string(),
    platform: z.string(),
    builderVersion: z.literal("BuilderBuildKit"),
    args: z.record(z.string(), z.string()).default({}),
    contextDigest: z.string().optional(),
  }),
  registry: z.strictObject({ server: z.string(), username: z.string(), password: z.string() }).optional(),
  skipPush: z.boolean().default(false),
  buildOnPreview: z.literal(false).optional(),
});
type Inputs = z.infer<typeof inputs>;

/** The engine runs this process where the program is, so that relative paths are the program's. */
export const image = resourceFor<DockerEngine>()({
  inputs,
  outputs: z.object({ baseImageName: z.string(), registryServer: z.string(), repoDigest: z.string() }),
  renewed: ["baseImageName", "registryServer", "repoDigest"],
  replaces: [],
  same: {
    // Credentials change from run to run.
    registry: (old, now) => isObject(old) && isObject(now) && old["server"] === now["server"],
  },

  async complete(given) {
    const build = given["build"];
    if (!isObject(build) || typeof build["context"] !== "string") return given;
    return { ...given, build: { ...build, contextDigest: digestOf(build["context"]) } satisfies Value };
  },

  create: async (given, work) => ({ id: given.imageName, outputs: await buildAndPush(given, work) }),
  read: async (_id, known) => known,
  update: (_id, given, _old, work) => buildAndPush(given, work),
  /** The real provider leaves the image and its tags where they are, too. */
  async delete() {},
});

function digestOf(context: string): string {
  if (existsSync(join(context, ".dockerignore")))
    throw new Error(`the docker plugin of the tests cannot leave out what ${context}/.dockerignore says`);
  const hash = createHash("sha256");
  for (const path of readdirSync(context, { recursive: true, encoding: "utf8" }).toSorted()) {
    const file = join(context, path);
    const { mode } = statSync(file);
    hash.update(`\0${path}\0${mode}\0`);
    if (statSync(file).isFile()) hash.update(readFileSync(file));
  }
  return hash.digest("hex");
}

async function buildAndPush({ imageName, build, registry, skipPush }: Inputs, work: Work<DockerEngine>) {
  const { client, signal, log } = work;
  await buildImage(imageName, build, work);
  const common = { baseImageName: imageName, registryServer: registry?.server ?? "" };
  if (skipPush) {
    const built = await client.ask<{ Id: string }>("GET", `/images/${imageName}/json`);
    if (!built) throw new Error(`no image ${imageName} was built`);
    return { ...common, repoDigest: built.Id };
  }
  log("Pushing Image to the registry");
  const colon = imageName.lastIndexOf(":");
  const [repository, tag] = [imageName.slice(0, colon), imageName.slice(colon + 1)];
  const auth = {
    username: registry?.username,
    password: registry?.password,
    serveraddress: registry?.server,
  };
  const headers = { "x-registry-auth": urlEncoded(JSON.stringify(auth)) };
  const aux = await followed(client, `/images/${repository}/push`, { query: { tag }, headers, signal }, log);
  if (typeof aux["Digest"] !== "string") throw new Error(`the push of ${imageName} told no digest`);
  return { ...common, repoDigest: `${repository}@${aux["Digest"]}` };
}

/** With its padding, which base64url of Node leaves out and engines want. */
const urlEncoded = (text: string) =>
  Buffer.from(text).toString("base64").replaceAll("+", "-").replaceAll("/", "_");

async function buildImage(
  tag: string,
  { context, dockerfile, platform, args }: Inputs["build"],
  { client, signal, log }: Work<DockerEngine>,
): Promise<void> {
  const query = {
    version: "2",
    t: tag,
    dockerfile: relative(context, dockerfile),
    platform,
    buildargs: JSON.stringify(args),
  };
  const owner = ["--owner=0", "--group=0", "--numeric-owner"];
  const tar = spawn("tar", ["-C", context, ...owner, "-cf", "-", "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await followed(client, "/build", { query, stream: tar.stdout, signal }, log);
}
