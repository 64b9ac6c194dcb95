import { z } from "zod";
import { NotReady, type PropertyMap, resourceFor } from "../server/package.ts";
import type { DockerEngine } from "./engine.ts";

const MEBIBYTE = 1024 * 1024;
const NANO = 1e9;

const inputs = z.strictObject({
  name: z.string(),
  image: z.string(),
  envs: z.array(z.string()).default([]),
  ports: z
    .array(z.strictObject({ internal: z.number(), external: z.number(), ip: z.string().default("0.0.0.0") }))
    .default([]),
  volumes: z.array(z.strictObject({ volumeName: z.string(), containerPath: z.string() })).default([]),
  cpus: z.string().optional(),
  memory: z.number().optional(),
  memorySwap: z.number().optional(),
  networkMode: z.string().default("bridge"),
  restart: z.string().default("no"),
  init: z.boolean().default(false),
  securityOpts: z.array(z.string()).default([]),
  logDriver: z.string().default("json-file"),
  logOpts: z.record(z.string(), z.string()).default({}),
  stopTimeout: z.number().optional(),
  destroyGraceSeconds: z.number().default(0),
  readOnly: z.boolean().default(false),
  user: z.string().optional(),
  capabilities: z
    .strictObject({ adds: z.array(z.string()).default([]), drops: z.array(z.string()).default([]) })
    .default({ adds: [], drops: [] }),
  tmpfs: z.record(z.string(), z.string()).default({}),
  mustRun: z.boolean().default(true),
});
type Inputs = z.infer<typeof inputs>;

interface Inspected {
  readonly Image: string;
  readonly Config: { readonly Image: string };
  readonly State: {
    readonly Running: boolean;
    readonly ExitCode: number;
  };
  readonly HostConfig: {
    readonly Memory: number;
    readonly MemorySwap: number;
    readonly NanoCpus: number;
    readonly NetworkMode: string;
    readonly ReadonlyRootfs: boolean;
    readonly RestartPolicy: { readonly Name: string };
  };
}

export const container = resourceFor<DockerEngine>()({
  inputs,
  outputs: z.object({ exitCode: z.number() }),
  deleteBeforeReplace: true,
  // Those that the real provider changes in place, or only keeps, are left out.
  replaces: [
    "name",
    "image",
    "envs",
    "ports",
    "volumes",
    "cpus",
    "networkMode",
    "securityOpts",
    "logDriver",
    "logOpts",
    "stopTimeout",
    "readOnly",
    "user",
    "capabilities",
  ],
  /** The real provider's default: what it compares a stopped container with. */
  complete: async (given) => ({ mustRun: true, ...given }),

  async create(given, { client }) {
    const { name, image } = given;
    if (!(await client.ask("GET", `/images/${image}/json`)))
      throw new Error(`Unable to create container with image ${image}: no such image`);
    const made = await client.ask<{ Id: string }>("POST", "/containers/create", {
      query: { name },
      json: containerOf(given),
    });
    if (!made) throw new Error(`the engine says nothing of container ${name}`);
    const id = made.Id;
    try {
      await client.ask("POST", `/containers/${id}/start`);
    } catch (error) {
      throw new NotReady(id, { exitCode: 0 }, error instanceof Error ? error.message : String(error));
    }
    return { id, outputs: { exitCode: 0 } };
  },

  async read(id, known, { client }) {
    const found = await client.ask<Inspected>("GET", `/containers/${id}/json`);
    return found && { inputs: seen(known.inputs, found), outputs: { exitCode: found.State.ExitCode } };
  },

  async update(id, { restart, memory, memorySwap, mustRun }, { inputs: old, outputs }, { client }) {
    if (mustRun && !old.mustRun) await client.ask("POST", `/containers/${id}/start`);
    if (restart !== old.restart || memory !== old.memory || memorySwap !== old.memorySwap) {
      const json = { ...memoryOf({ memory, memorySwap }), RestartPolicy: { Name: restart } };
      await client.ask("POST", `/containers/${id}/update`, { json });
    }
    return outputs;
  },

  async delete(id, { inputs: { destroyGraceSeconds } }, { client, signal }) {
    const [query, there] = [
      { t: String(destroyGraceSeconds) },
      await client.ask("GET", `/containers/${id}/json`),
    ];
    if (there) await client.ask("POST", `/containers/${id}/stop`, { query, signal });
    await client.ask("DELETE", `/containers/${id}`, { query: { v: "true", force: "true" } });
  },
});

const memoryOf = ({ memory, memorySwap }: Pick<Inputs, "memory" | "memorySwap">): PropertyMap => ({
  ...(memory === undefined ? {} : { Memory: memory * MEBIBYTE }),
  ...(memorySwap === undefined ? {} : { MemorySwap: memorySwap * MEBIBYTE }),
});

function containerOf(given: Inputs): object {
  const portOf = ({ internal }: Inputs["ports"][number]) => `${internal}/tcp`;
  return {
    Image: given.image,
    Env: given.envs,
    ...(given.user === undefined ? {} : { User: given.user }),
    ...(given.stopTimeout === undefined ? {} : { StopTimeout: given.stopTimeout }),
    ExposedPorts: Object.fromEntries(given.ports.map((port) => [portOf(port), {}])),
    HostConfig: {
      ...memoryOf(given),
      ...(given.cpus === undefined ? {} : { NanoCpus: Math.round(Number(given.cpus) * NANO) }),
      Binds: given.volumes.map(({ volumeName, containerPath }) => `${volumeName}:${containerPath}:rw`),
      CapAdd: given.capabilities.adds,
      CapDrop: given.capabilities.drops,
      Init: given.init,
      LogConfig: { Type: given.logDriver, Config: given.logOpts },
      NetworkMode: given.networkMode,
      PortBindings: Object.fromEntries(
        given.ports.map((port) => [portOf(port), [{ HostIp: port.ip, HostPort: String(port.external) }]]),
      ),
      ReadonlyRootfs: given.readOnly,
      RestartPolicy: { Name: given.restart },
      SecurityOpt: given.securityOpts,
      Tmpfs: given.tmpfs,
    },
  };
}

/** The inputs as they would have to be for what is there. Environment and volumes are not compared by the real provider, either. */
function seen(given: Inputs, { Image, Config, State, HostConfig }: Inspected): Inputs {
  const { Memory, MemorySwap, NanoCpus, NetworkMode, ReadonlyRootfs, RestartPolicy } = HostConfig;
  const there: Partial<Inputs> = {
    cpus: String(NanoCpus / NANO),
    image: given.image.startsWith("sha256:") ? Image : Config.Image,
    memory: Memory / MEBIBYTE,
    memorySwap: MemorySwap / MEBIBYTE,
    networkMode: NetworkMode,
    readOnly: ReadonlyRootfs,
    restart: RestartPolicy.Name || "no",
    mustRun: State.Running,
  };
  const present = Object.entries(there).filter(([key]) => given[key as keyof Inputs] !== undefined);
  return { ...given, ...Object.fromEntries(present) };
}
