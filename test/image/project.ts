import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { CrewImages } from "../../infra/crews/crew-image.ts";
import { lockPackages } from "../../infra/crews/packages/lock.ts";
import { type Agent, codeFolders, loadValidAgents } from "../../infra/declarations/index.ts";
import { crewEnvironment } from "../helpers/project.ts";
import { RUN, docker, inspect } from "./docker.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
const NETWORK = "Preprod";

/** A project with the real runtime, and agents of its own. */
export interface TestProject {
  readonly root: string;
  readonly agents: readonly Agent[];
  readonly dispose: () => void;
}

export async function makeProject(): Promise<TestProject> {
  const root = mkdtempSync(join(tmpdir(), `${RUN}-`));
  cpSync(join(import.meta.dirname, "fixtures/project"), root, { recursive: true });
  for (const part of ["Dockerfile", "installer", "pyproject.toml", "uv.lock", "src"]) {
    cpSync(join(REPOSITORY, "crew", part), join(root, "crew", part), { recursive: true });
  }
  mkdirSync(join(root, "infra"));
  const folder = join(root, "agents");
  const agents = loadValidAgents({
    folder,
    projectRoot: root,
    stack: "preprod",
    network: NETWORK,
    hosting: "docker",
  });
  mkdirSync(join(root, ".masumi"));
  symlinkSync((await crewEnvironment()).venv, join(root, ".masumi/venv"));
  await lockPackages(root, codeFolders(agents));
  return { root, agents, dispose: () => rmSync(root, { recursive: true }) };
}

/** The inputs of a docker.Image, as far as the program gives them. */
interface ImageInputs {
  readonly imageName: string;
  readonly skipPush: boolean;
  readonly build: {
    readonly context: string;
    readonly dockerfile: string;
    readonly platform: string;
    readonly args?: Readonly<Record<string, string>>;
  };
}

/**
 * Lets the program decide what is built from which files and how, and does it with the machine's engine: what
 * @pulumi/docker would do.
 *
 * @param tagged called with each tag that was given
 * @returns what to run, by agent
 */
export async function buildImages(
  { root, agents }: TestProject,
  baseImage: string,
  tagged: (tag: string) => void,
): Promise<ReadonlyMap<string, string>> {
  async function build({ imageName, build }: ImageInputs): Promise<Record<string, unknown>> {
    const args = Object.entries({ BASE_IMAGE: baseImage, ...build.args });
    const buildArgs = args.flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
    const { platform, dockerfile, context } = build;
    await docker(
      ["build", "--platform", platform, "-f", dockerfile, "-t", imageName, ...buildArgs, context],
      // Where the engine runs the program and its providers.
      join(root, "infra"),
    );
    tagged(imageName);
    return { repoDigest: await inspect(imageName, ".Id") };
  }

  return new Promise<Map<string, string>>((resolve, reject) => {
    const newResource = async ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => {
      if (type === "masumi:index:CrewImage") return { id: "", state: {} };
      if (type !== "docker:index/image:Image") throw new Error(`nobody makes ${type}`);
      // The program waits for an answer for ever; a failed build ends the test instead.
      const built = await build(inputs as ImageInputs).catch((error: unknown) => {
        reject(error);
        return {};
      });
      return { id: name, state: { ...(inputs as object), ...built } };
    };
    const call = () => {
      throw new Error("nobody answers calls");
    };
    const program = () => {
      const images = new CrewImages(
        {
          projectRoot: root,
          network: NETWORK,
          platform: process.arch === "arm64" ? "linux/arm64" : "linux/amd64",
          store: { repository: RUN },
        },
        {},
      );
      const all = agents.map((agent) =>
        images.reference(agent, {}).apply((image) => [agent.id, image] as const),
      );
      pulumi.all(all).apply((pairs) => resolve(new Map(pairs)));
    };
    pulumi.runtime.setMocks({ newResource, call }, "masumi-agents", "preprod", false).then(program, reject);
  });
}
