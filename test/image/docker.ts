import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";

const TIMEOUT_MS = 240_000;
const TAIL = 4000;

/** What a run makes is called by it, or begins with it, so that nothing else is ever removed. */
export const RUN = `masumi-image-test-${randomBytes(4).toString("hex")}`;

const version = (client: string, ...args: string[]) =>
  spawnSync(client, args, { encoding: "utf8", timeout: 20_000 });

/** Builds need BuildKit: in the client itself up to 22, in its plugin buildx since. A machine may have two clients. */
function canBuild(client: string): boolean {
  const { status, stdout } = version(client, "version", "--format", "{{.Client.Version}}");
  if (status !== 0) return false;
  return Number.parseInt(stdout) < 23 || version(client, "buildx", "version").status === 0;
}

const client = ["docker", "/usr/bin/docker"].find(canBuild);

/** Whether images can be built and run here: a Docker engine on Linux (whose host containers can reach), and a client. */
export const engineIsThere =
  process.platform === "linux" && client !== undefined && version(client, "info").status === 0;

/** Set where a missing engine is a failure (.ci/run). */
export const engineIsRequired = process.env["MASUMI_TEST_DOCKER"] === "required";

/**
 * Runs one command of the Docker client.
 *
 * @param timeout in milliseconds
 * @returns what it wrote to standard output, trimmed
 * @throws Error with the end of what it said, if it fails or takes longer
 */
export function docker(args: readonly string[], cwd?: string, timeout = TIMEOUT_MS): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(client ?? "docker", args, {
      ...(cwd ? { cwd } : {}),
      env: { ...process.env, DOCKER_BUILDKIT: "1", BUILDKIT_PROGRESS: "plain" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout,
    });
    let output = "";
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-TAIL)));
    child.once("error", reject);
    child.once("close", (code, signal) =>
      code === 0
        ? resolve(output.trim())
        : reject(new Error(`docker ${args.join(" ")} ends with ${signal ?? code}:\n${said}`)),
    );
  });
}

/** A field of an image, a container or a network, as JSON. */
export const inspect = async (name: string, path: string): Promise<unknown> =>
  JSON.parse(await docker(["inspect", "--format", `{{json ${path}}}`, name]));
