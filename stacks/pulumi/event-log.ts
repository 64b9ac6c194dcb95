import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Diagnostic, EngineEvent, StepInfo, StepOp } from "../../local/engine/types.ts";

/** Of what happens in a run, what the real CLI's event log tells as the embedded engine does. */
export type LoggedEvent = Extract<EngineEvent, { readonly kind: "step-start" | "step-end" | "diagnostic" }>;

const metadata = z.object({
  op: z.string(),
  urn: z.string(),
  type: z.string(),
  new: z.object({ custom: z.boolean().optional(), id: z.string().optional() }).nullish(),
  old: z.object({ custom: z.boolean().optional(), id: z.string().optional() }).nullish(),
});
const step = z.object({ metadata, planning: z.boolean().optional() });

/** A line of `--event-log`, of which only what is read here is checked (pulumi/pulumi: sdk/go/common/apitype/events.go). */
const logged = z.object({
  /** Seconds since the epoch. */
  timestamp: z.number(),
  resourcePreEvent: step.optional(),
  resOutputsEvent: step.optional(),
  resOpFailedEvent: step.optional(),
  summaryEvent: z
    .object({ isPreview: z.boolean().optional(), resourceChanges: z.record(z.string(), z.number()) })
    .optional(),
  diagnosticEvent: z
    .object({
      urn: z.string().optional(),
      message: z.string(),
      severity: z.string(),
      ephemeral: z.boolean().optional(),
    })
    .optional(),
});

const OPS = new Set<string>([
  "same",
  "create",
  "update",
  "replace",
  "create-replacement",
  "delete",
  "delete-replaced",
  "remove-pending-replace",
  "read",
  "refresh",
] satisfies StepOp[]);

const SEVERITIES: Readonly<Record<string, Diagnostic["severity"]>> = {
  debug: "debug",
  info: "info",
  "info#err": "info",
  warning: "warning",
  error: "error",
};

/** Turns the lines of an event log into events, numbering the steps and timing them. */
export class EventLogReader {
  /** Steps under way, by what they do to which resource. */
  readonly #started = new Map<string, { readonly number: number; readonly at: number }>();
  #steps = 0;
  /** How many resources the run created, updated and so on; known when it is over. */
  changes: Readonly<Record<string, number>> = {};

  /** Returns what a line tells; undefined for what nobody needs, or another version of the CLI tells otherwise. */
  read(line: string): LoggedEvent | undefined {
    const { data } = logged.safeParse(json(line));
    if (!data) return undefined;
    const { resourcePreEvent: begun, resOutputsEvent: done, resOpFailedEvent: failed } = data;
    const time = data.timestamp * 1000;
    if (data.summaryEvent && !data.summaryEvent.isPreview) this.changes = data.summaryEvent.resourceChanges;
    if (data.diagnosticEvent) return diagnostic(data.diagnosticEvent, time);
    const told = begun ?? done ?? failed;
    if (!told || told.planning || !OPS.has(told.metadata.op)) return undefined;
    const key = `${told.metadata.op} ${told.metadata.urn}`;
    if (begun) {
      this.#steps += 1;
      this.#started.set(key, { number: this.#steps, at: time });
      return { kind: "step-start", time, step: stepInfo(begun.metadata, this.#steps) };
    }
    const { number, at } = this.#started.get(key) ?? { number: (this.#steps += 1), at: time };
    this.#started.delete(key);
    const info = stepInfo(told.metadata, number);
    return { kind: "step-end", time, step: info, ok: failed === undefined, milliseconds: time - at };
  }
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function diagnostic(
  { urn, message, severity, ephemeral = false }: NonNullable<z.output<typeof logged>["diagnosticEvent"]>,
  time: number,
): LoggedEvent | undefined {
  const known = SEVERITIES[severity];
  // The CLI's debug messages are many, and name inputs.
  if (known === undefined || known === "debug") return undefined;
  return { kind: "diagnostic", time, severity: known, message, ephemeral, ...(urn ? { urn } : {}) };
}

function stepInfo({ op, urn, type, ...resource }: z.output<typeof metadata>, number: number): StepInfo {
  const { custom = false, id } = resource.new ?? resource.old ?? {};
  return {
    step: number,
    op: op as StepOp,
    urn,
    type,
    name: urn.slice(urn.lastIndexOf("::") + 2),
    custom,
    ...(id ? { id } : {}),
  };
}

const LOOK_EACH_MS = 200;
const PIECE = 65_536;

/** The file that the CLI is told to write, followed while it writes. */
export interface FollowedLog {
  readonly file: string;
  /** Tells what is still to be told, removes the file, and returns what the run counted. */
  end(): Promise<Readonly<Record<string, number>>>;
}

/** Follows a log in a folder that is this user's alone: an event has a resource's inputs, though no secrets. */
export async function followEventLog(onEvent: (event: LoggedEvent) => void): Promise<FollowedLog> {
  const folder = await mkdtemp(join(tmpdir(), "masumi-agents-run-"));
  const file = join(folder, "events.json");
  const handle = await open(file, "w+", 0o600);
  const over = new AbortController();
  const reader = new EventLogReader();
  const followed = follow(handle, { reader, onEvent, over: over.signal });
  // end() reports what went wrong.
  followed.catch(() => undefined);
  return {
    file,
    async end() {
      over.abort();
      try {
        await followed;
      } finally {
        await handle.close();
        await rm(folder, { recursive: true, force: true });
      }
      return reader.changes;
    },
  };
}

async function follow(
  handle: FileHandle,
  {
    reader,
    onEvent,
    over,
  }: {
    readonly reader: EventLogReader;
    readonly onEvent: (event: LoggedEvent) => void;
    readonly over: AbortSignal;
  },
): Promise<void> {
  const decoder = new TextDecoder();
  const buffer = Buffer.alloc(PIECE);
  let position = 0;
  let text = "";
  for (;;) {
    // Asked for before reading: what is written until the end is asked for is told, too.
    const isOver = over.aborted;
    const { bytesRead } = await handle.read(buffer, 0, PIECE, position);
    position += bytesRead;
    const lines = (text + decoder.decode(buffer.subarray(0, bytesRead), { stream: true })).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const event = line.trim() === "" ? undefined : reader.read(line);
      if (event) onEvent(event);
    }
    if (bytesRead > 0) continue;
    if (isOver) return;
    await sleep(LOOK_EACH_MS, undefined, { signal: over }).catch(() => undefined);
  }
}
