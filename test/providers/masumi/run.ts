import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { createConfirmationProvider } from "../../../providers/masumi/resources/confirmation-host.ts";
import type {
  ConfirmationInputs,
  ConfirmationOutputs,
  RegistrationInputs,
  RegistrationOutputs,
} from "../../../providers/masumi/resources/inputs.ts";
import { createRegistrationProvider } from "../../../providers/masumi/resources/registration-host.ts";
import { EngineLog } from "../../../providers/masumi/resources/engine-log.ts";
import { Session } from "../../../providers/masumi/resources/session.ts";
import type { Engine } from "./servers.ts";

/** Values as they arrive on the other side of the engine's protocol, which refuses what it cannot carry. */
const { Struct } = createRequire(import.meta.url)("google-protobuf/google/protobuf/struct_pb") as {
  Struct: { fromJavaScript(value: object): { toJavaScript(): object } };
};
export const overWire = <T>(value: T): T => Struct.fromJavaScript(value as object).toJavaScript() as T;

/** The project's folder of all runs of a test file: what one run leaves there, the next one finds. */
export const projectFolder = mkdtempSync(join(tmpdir(), "masumi-project-"));
afterAll(() => rmSync(projectFolder, { recursive: true, force: true }));

export interface Run {
  readonly session: Session;
  check(
    news: RegistrationInputs,
  ): Promise<{ inputs: RegistrationInputs; failures: { property: string; reason: string }[] }>;
  diff(
    id: string,
    olds: RegistrationOutputs,
    news: RegistrationInputs,
  ): Promise<{ changes: boolean; replaces: string[]; deleteBeforeReplace: boolean }>;
  create(inputs: RegistrationInputs): Promise<{ id: string; outs: RegistrationOutputs }>;
  read(
    id: string,
    props: RegistrationOutputs,
  ): Promise<{ id: string; props?: RegistrationOutputs; inputs?: Omit<RegistrationInputs, "probe"> }>;
  update(id: string, olds: RegistrationOutputs, news: RegistrationInputs): Promise<RegistrationOutputs>;
  remove(id: string, props: RegistrationOutputs): Promise<void>;
  confirm(inputs: ConfirmationInputs): Promise<ConfirmationOutputs>;
  readConfirmation(
    id: string,
    props: ConfirmationOutputs,
  ): Promise<{ id: string; props?: ConfirmationOutputs }>;
}

export interface RunOptions {
  readonly token?: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly engine?: Engine;
  readonly projectFolder?: string;
}

const folderOf = ({ projectFolder }: RunOptions) => (projectFolder === undefined ? {} : { projectFolder });

/** One run's provider host: what the engine would call, with every value sent over its wire. */
export function startRun(serviceUrl: string, options: RunOptions = {}): Run {
  const { token = "sandbox-pay-key", config = {}, timeoutMs = 5_000, env = {}, engine } = options;
  const session = new Session(new EngineLog(engine?.address ?? ""), {
    projectFolder,
    timeoutMs,
    env,
    ...folderOf(options),
  });
  const registration = createRegistrationProvider(session);
  const confirmation = createConfirmationProvider(session);
  const settings: Record<string, string> = {
    "masumi:paymentServiceUrl": serviceUrl,
    "masumi:apiKey": token,
    "masumi:waitMinutes": "0.25",
    "masumi:settleSeconds": "6",
    ...config,
  };
  const get = (key: string) => settings[key];
  const require = (key: string) => get(key) ?? "";
  // Not awaited: the real host lets the next calls through while this one is under way.
  void registration.configure?.({ config: { get, require } });
  return {
    session,
    check: async (news) => {
      const { inputs, failures } = {
        ...(await registration.check?.({} as RegistrationInputs, overWire(news))),
      };
      return { inputs: overWire(inputs ?? news), failures: failures ?? [] };
    },
    diff: async (id, olds, news) => {
      const diff = await registration.diff?.(id, overWire(olds), overWire(news));
      return {
        changes: diff?.changes ?? false,
        replaces: diff?.replaces ?? [],
        deleteBeforeReplace: diff?.deleteBeforeReplace ?? false,
      };
    },
    create: async (inputs) => {
      const { id, outs } = await registration.create(overWire(inputs));
      if (!outs) throw new Error("create gave no outputs");
      return { id, outs: overWire(outs) };
    },
    read: async (id, props) => {
      const read = await registration.read?.(id, overWire(props));
      return overWire({ ...read, id: read?.id ?? "" }) as unknown as Awaited<ReturnType<Run["read"]>>;
    },
    update: async (id, olds, news) => {
      const updated = await registration.update?.(id, overWire(olds), overWire(news));
      if (!updated?.outs) throw new Error("update gave no outputs");
      return overWire(updated.outs);
    },
    remove: async (id, props) => registration.delete?.(id, overWire(props)),
    confirm: async (inputs) => {
      const { outs } = await confirmation.create(overWire(inputs));
      if (!outs) throw new Error("the confirmation gave no outputs");
      return overWire(outs);
    },
    readConfirmation: async (id, props) => {
      const read = await confirmation.read?.(id, overWire(props));
      return overWire({ ...read, id: read?.id ?? "" });
    },
  };
}
