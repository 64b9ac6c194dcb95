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
}

/** A stack of a backend that keeps its states in files, as Pulumi lays them out. */
export interface StackOfFiles {
  /** The folder that has `.pulumi`. */
  readonly backend: string;
  readonly project: string;
  readonly stack: string;
}

const REGISTRATION = "masumi:AgentRegistration";

const checkpoint = z.object({
  checkpoint: z.object({
    latest: z
      .object({
        resources: z
          .array(z.object({ type: z.string(), id: z.string().optional(), delete: z.boolean().optional() }))
          .nullish(),
      })
      .nullish(),
  }),
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
    return isElsewhere ? undefined : { inState: new Set(), pendingDeletes: new Set() };
  }
  const read = checkpoint.safeParse(parsed(readFileSync(file, "utf8")));
  if (!read.success) return undefined;
  const resources = read.data.checkpoint.latest?.resources ?? [];
  const registrations = resources.filter(({ type }) => type.endsWith(REGISTRATION));
  const idsOf = (isPending: boolean) =>
    new Set(
      registrations.flatMap(({ id, delete: toDelete = false }) => (id && toDelete === isPending ? [id] : [])),
    );
  return { inState: idsOf(false), pendingDeletes: idsOf(true) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
