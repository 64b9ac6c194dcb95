import { startSandbox } from "../../local/sandbox/index.ts";
import defaultWorld from "../../local/sandbox/world.default.json" with { type: "json" };
import { type OutsideAgents, outsideAgent } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";

export type ChainSpeed = number | "instant";

export interface ManyAgents {
  readonly control: SandboxControl;
  readonly project: TestProject;
  readonly close: () => Promise<void>;
}

/** The payment source and wallet that agents are registered with. */
export function seller(): { readonly vkey: string; readonly source: string } {
  const source = defaultWorld.paymentSources.find(({ paymentSourceType }) =>
    paymentSourceType.endsWith("V2"),
  );
  const vkey = source?.wallets.find(({ type, lovelace }) => type === "Selling" && lovelace > 0)?.vkey;
  return { vkey: vkey ?? "", source: source?.smartContractAddress ?? "" };
}

/** What so many registrations lock and cost, with room to spare, in lovelace. */
export const fundsFor = (agents: number): number => agents * 10_000_000 + 1_000_000_000;

/** Declares so many agents that run elsewhere, in a project and a world of their own: nothing in it is registered yet. */
export async function declareMany(
  agents: number,
  chainSpeed: ChainSpeed,
  outside: OutsideAgents,
): Promise<ManyAgents> {
  const sandbox = await startSandbox({ chainSpeed });
  const control = new SandboxControl(sandbox.url);
  await control.fund(seller().vkey, fundsFor(agents));
  const project = new TestProject();
  project.useSandbox(sandbox.url);
  for (let index = 0; index < agents; index++) {
    project.write(`agents/bench-${index}.yaml`, outsideAgent(`Bench ${index}`, outside.url));
  }
  const close = async (): Promise<void> => {
    await project.dispose();
    await sandbox.close();
  };
  return { control, project, close };
}
