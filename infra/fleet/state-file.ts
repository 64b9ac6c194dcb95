import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** The registrations that a stack's state has. */
export interface RegistrationsInState {
  /** Ids of those that its resources stand for. */
  readonly inState: ReadonlySet<string>;
  /** Ids of those that an interrupted run has replaced: the next one deregisters them. */
  readonly pendingDeletes: ReadonlySet<string>;
  /** What the service showed of them when the state was written, by id. */
  readonly lastStates: ReadonlyMap<string, string>;
  /** Those of `inState`, with the agent and the network that each is of. */
  readonly known: readonly KnownRegistration[];
}

/** A registration as the state has it. */
export interface KnownRegistration {
  readonly id: string;
  readonly agentId: string;
  readonly network: string;
}

/** The same where the state may not be seen. */
export type SeenInState = {
  readonly [Key in keyof RegistrationsInState]?: RegistrationsInState[Key] | undefined;
};

/** Returns whether the state has a registration; false if the state is not seen. */
export const isInState = ({ inState, pendingDeletes }: SeenInState, id: string): boolean =>
  (inState?.has(id) ?? false) || (pendingDeletes?.has(id) ?? false);

/** A stack of a backend that keeps its states in files, as Pulumi lays them out. */
export interface StackOfFiles {
  /** The folder that has `.pulumi`. */
  readonly backend: string;
  readonly project: string;
  readonly stack: string;
}

const REGISTRATION = "masumi:AgentRegistration";

const resource = z.object({
  type: z.string(),
  id: z.string().optional(),
  delete: z.boolean().optional(),
  outputs: z
    .object({
      state: z.string().optional().catch(undefined),
      agentId: z.string().optional().catch(undefined),
      network: z.string().optional().catch(undefined),
    })
    .optional(),
});

const checkpoint = z.object({
  checkpoint: z.object({ latest: z.object({ resources: z.array(resource).nullish() }).nullish() }),
});

/** Returns the folder of a backend's URL (PULUMI_BACKEND_URL); undefined if it keeps its states elsewhere. */
export function backendFolder(url: string | undefined): string | undefined {
  if (!url || !URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  return parsed.protocol === "file:" && parsed.host === "" ? fileURLToPath(parsed) : undefined;
}

/**
 * Returns which registrations are in a stack's state; undefined if that cannot be told, since the backend is compressed or of an
 * older layout. A stack without a state has none.
 */
export function readStateFile({ backend, project, stack }: StackOfFiles): RegistrationsInState | undefined {
  const stacks = join(backend, ".pulumi/stacks");
  const file = join(stacks, project, `${stack}.json`);
  if (!existsSync(file)) {
    const isElsewhere = [`${file}.gz`, `${file}.zst`, join(stacks, `${stack}.json`)].some(existsSync);
    return isElsewhere ? undefined : registrationsOf([]);
  }
  const read = checkpoint.safeParse(parsed(readFileSync(file, "utf8")));
  return read.success ? registrationsOf(read.data.checkpoint.latest?.resources ?? []) : undefined;
}

function registrationsOf(resources: readonly z.infer<typeof resource>[]): RegistrationsInState {
  const registrations = resources.filter(({ type }) => type.endsWith(REGISTRATION));
  const idsOf = (isPending: boolean) =>
    new Set(
      registrations.flatMap(({ id, delete: toDelete = false }) => (id && toDelete === isPending ? [id] : [])),
    );
  const lastStates = registrations.flatMap(({ id, outputs }) =>
    id && outputs?.state ? [[id, outputs.state] as const] : [],
  );
  const known = registrations.flatMap(({ id, delete: toDelete, outputs: { agentId, network } = {} }) =>
    id && !toDelete && agentId && network ? [{ id, agentId, network }] : [],
  );
  return { inState: idsOf(false), pendingDeletes: idsOf(true), lastStates: new Map(lastStates), known };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
