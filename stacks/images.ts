import { spawn } from "node:child_process";
import { z } from "zod";
import { nameInProgram, readResources } from "./outputs.ts";
import type { CallOptions, Environment, Project } from "./project.ts";
import { UserError } from "./user-error.ts";

/** An image that the stack's last run left. */
export interface StackImage {
  /** The agent's id, or `_runtime` for the image that all crews are based on. */
  readonly name: string;
  /** By digest where a registry holds it, otherwise by its tag in the engine that built it. */
  readonly image: string;
}

/** What is known of an image's outputs: a state may be of an older program. */
const outputs = z.object({ imageName: z.string().optional(), repoDigest: z.string().optional() }).loose();

const IMAGE = "docker:index/image:Image";

/** Return the images that the stack built, by name; none before the first run. */
export async function readStackImages(
  project: Project,
  stack: string,
  options: CallOptions,
): Promise<StackImage[]> {
  const resources = await readResources(project, stack, options);
  return resources
    .filter(({ type }) => type === IMAGE)
    .flatMap((resource) => {
      const { imageName, repoDigest } = outputs.parse(resource.outputs ?? {});
      const image = repoDigest?.includes("@sha256:") ? repoDigest : imageName;
      return image === undefined ? [] : [{ name: nameInProgram(resource), image }];
    });
}

const LONGEST_MS = 10 * 60_000;

/**
 * Write an image's software bill of materials, in SPDX, with syft: it reads images from engines and registries, and is told
 * apart from what this program knows of them.
 *
 * @throws UserError when there is no syft, or it fails
 */
export async function writeSbom(
  image: string,
  file: string,
  { env, signal }: { readonly env: Environment; readonly signal?: AbortSignal },
): Promise<void> {
  const limit = AbortSignal.timeout(LONGEST_MS);
  const child = spawn("syft", ["scan", image, "--quiet", "--output", `spdx-json=${file}`], {
    env: { ...env },
    stdio: ["ignore", "ignore", "pipe"],
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = `${said}${text}`.slice(-2000)));
  const code = await new Promise<number | undefined>((done, failed) => {
    child.once("error", failed);
    child.once("close", (exitCode) => done(exitCode ?? undefined));
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw new UserError(whyNot(error, image));
  });
  if (code !== 0) throw new UserError(`syft could not read ${image} (exit code ${code}): ${said.trim()}`);
}

const whyNot = (error: unknown, image: string): string =>
  (error as NodeJS.ErrnoException).code === "ENOENT"
    ? "A bill of materials is written with syft, which is not on PATH: install it (https://github.com/anchore/syft), and log " +
      "in to the registry (docker login), from which it reads the images."
    : `syft did not end within ${LONGEST_MS / 60_000} minutes on ${image}: run it again.`;
