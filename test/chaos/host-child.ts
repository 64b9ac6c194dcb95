/*
 * The process that plays Pulumi's provider host: loads the provider and answers the harness's calls over IPC. It is
 * killed again and again; one that lives on serves the next run, with the provider's door loaded anew, so that each
 * run has a session of its own as it has under Pulumi.
 */
import { pathToFileURL } from "node:url";
import type { ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";
import type { Answer, Call } from "./host.ts";

type Host = Readonly<Record<"registration" | "confirmation", ResourceProvider>>;
type Method = (...args: unknown[]) => Promise<unknown>;

const [, , providerFile = ""] = process.argv;
let runs = 0;
let host: Host;

const load = async (): Promise<Host> =>
  (await import(`${pathToFileURL(providerFile).href}?run=${runs++}`)) as Host;

async function begin({ folder, config, forget }: Extract<Call, { kind: "begin" }>): Promise<void> {
  process.chdir(folder);
  process.env["MASUMI_FORGET_REGISTRATION"] = forget;
  host = await load();
  const get = (key: string) => config[key];
  const require = (key: string) => config[key] ?? "";
  // Not awaited: the real host lets the next calls through while this one is under way.
  void host.registration.configure?.({ config: { get, require } });
  void host.confirmation.configure?.({ config: { get, require } });
}

async function answer(call: Call): Promise<Answer> {
  try {
    if (call.kind === "begin") return { id: call.id, value: await begin(call) };
    const provider = host[call.resource];
    const method = provider[call.method] as Method | undefined;
    return { id: call.id, value: await method?.apply(provider, [...call.args]) };
  } catch (error) {
    return { id: call.id, error: error instanceof Error ? error.message : String(error) };
  }
}

const send = (message: Answer | "ready") => process.send?.(message);

process.on("message", (call: Call) => void answer(call).then(send));
process.on("disconnect", () => process.exit());

host = await load();
send("ready");
