/**
 * Runs a program against Pulumi's mock monitor and keeps what it registers: type, name, inputs, and what the engine would
 * order deletions by. Types and calls without a double throw.
 */
import * as pulumi from "@pulumi/pulumi";
import { DOUBLES } from "./doubles.ts";

/** What a program registered, in a form that can be read and compared. Secrets and unknown values are marked. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  /** "" for the stack itself. */
  readonly parent: string;
  readonly provider?: string;
  /** Every resource that must be there before it, and must be gone after it. */
  readonly dependencies: readonly string[];
  readonly ignoreChanges?: readonly string[];
  readonly timeouts?: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export const SECRET = "<secret>";
export const UNKNOWN = "<unknown>";

const UNKNOWN_VALUE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

export interface Recording {
  readonly resources: readonly Recorded[];
  /** The same as far as it was sent to the monitor, secrets uncovered. */
  readonly registered: readonly Pick<Recorded, "type" | "name" | "inputs">[];
  /** All that was sent to the monitor, secrets uncovered. */
  readonly uncovered: string;
}

export interface RecordOptions {
  readonly project?: string;
  readonly stack?: string;
  readonly preview?: boolean;
  /** What an earlier run registered: what has not changed keeps its outputs, whereas a preview knows no new ones. */
  readonly prior?: Recording;
}

/** A resource as `type name`, types without their package and module. */
export const shortName = ({ type, name }: Pick<Recorded, "type" | "name">): string =>
  `${type.split(":").at(-1)} ${name}`;

const nameOfUrn = (urn: string): string => {
  const [, , type = "", name = ""] = urn.split("::");
  return `${type.split("$").at(-1)?.split(":").at(-1)} ${name}`;
};

export async function record(
  program: () => Promise<unknown>,
  { project = "masumi-agents", stack = "preprod", preview = false, prior }: RecordOptions = {},
): Promise<Recording> {
  const resources: Recorded[] = [];
  const uncovered: Pick<Recorded, "type" | "name" | "inputs">[] = [];
  const failures: unknown[] = [];
  // The monitor asks for a double before it does anything else, so the two never get mixed up.
  let details: Omit<Recorded, "type" | "name" | "inputs"> = { parent: "", dependencies: [] };
  const before = new Map(prior?.resources.map((resource) => [shortName(resource), resource.inputs]));

  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom }) => {
        const double = DOUBLES[type];
        if (custom && !double) throw new Error(`${type} (${name}) has no double`);
        const shown = readable(inputs) as Record<string, unknown>;
        uncovered.push({ type, name, inputs: bare(inputs) as Record<string, unknown> });
        const recorded = { type, name, ...details, inputs: shown };
        resources.push(recorded);
        const same = JSON.stringify(before.get(shortName(recorded))) === JSON.stringify(shown);
        const computed =
          preview && !same ? {} : double?.({ name, inputs: inputs as Record<string, unknown> });
        return { id: preview && !same ? "" : `${name}-id`, state: { ...inputs, ...computed } };
      },
      call: ({ token, inputs }) => {
        const double = DOUBLES[token];
        if (!double) throw new Error(`the call ${token} has no double`);
        return double({ name: token, inputs: inputs as Record<string, unknown> });
      },
    },
    project,
    stack,
    preview,
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    details = detailsOf(request);
    return register(request, (error, response) => {
      if (error) failures.push(error);
      callback(error, response);
    });
  };

  await program();
  await settled();
  if (failures.length > 0) throw failures[0];
  const place = (resource: Recorded) => `${shortName(resource)} ${resource.parent}`;
  resources.sort((a, b) => (place(a) < place(b) ? -1 : 1));
  return { resources, registered: uncovered, uncovered: JSON.stringify(uncovered) };
}

/** The monitor's requests, as far as they say more than mocks are told. */
interface Monitor {
  registerResource(
    request: RegisterRequest,
    callback: (error: unknown, response: unknown) => void,
  ): Promise<void>;
}

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProvider(): string;
  getDependenciesList(): string[];
  getIgnorechangesList(): string[];
  getCustomtimeouts(): { getCreate(): string; getUpdate(): string; getDelete(): string } | undefined;
}

function detailsOf(request: RegisterRequest): Omit<Recorded, "type" | "name" | "inputs"> {
  const timeouts = request.getCustomtimeouts();
  const times = timeouts && [timeouts.getCreate(), timeouts.getUpdate(), timeouts.getDelete()];
  const provider = request.getProvider();
  const ignoreChanges = request.getIgnorechangesList();
  return {
    parent: request.getParent() ? nameOfUrn(request.getParent()) : "",
    ...(provider ? { provider: nameOfUrn(provider.replace(/::[^:]*$/, "")) } : {}),
    dependencies: request.getDependenciesList().map(nameOfUrn).toSorted(),
    ...(ignoreChanges.length > 0 ? { ignoreChanges } : {}),
    ...(times?.some(Boolean) ? { timeouts: times.join(" ") } : {}),
  };
}

/** Until nothing is on its way: registrations follow from the outputs of others. */
async function settled(): Promise<void> {
  // Exported, but left out of its types.
  const settings: unknown = await import("@pulumi/pulumi/runtime/settings.js");
  await (settings as { waitForRPCs(): Promise<void> }).waitForRPCs();
}

/** A value without the marks of secrets in it. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (value === null || typeof value !== "object") return value;
  const map = value as Record<string, unknown>;
  if (map[SIGNATURE_KEY] === SECRET_SIGNATURE) return bare(map["value"]);
  return Object.fromEntries(Object.entries(map).map(([key, inner]) => [key, bare(inner)]));
}

function readable(value: unknown): unknown {
  if (value === UNKNOWN_VALUE) return UNKNOWN;
  if (Array.isArray(value)) return value.map(readable);
  if (value === null || typeof value !== "object") return value;
  const map = value as Record<string, unknown>;
  if (map["__pulumiUnknown"] === true) return UNKNOWN;
  if (map[SIGNATURE_KEY] === SECRET_SIGNATURE) return SECRET;
  return Object.fromEntries(Object.entries(map).map(([key, inner]) => [key, readable(inner)]));
}
