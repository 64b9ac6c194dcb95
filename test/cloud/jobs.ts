import type { CliResult, TestProject } from "../helpers/project.ts";
import type { SandboxControl } from "../helpers/sandbox-control.ts";
import { until } from "./processes.ts";

interface Hires {
  readonly project: TestProject;
  readonly buyersService: string;
  readonly control: SandboxControl;
}

export interface Hire {
  readonly outcome: string;
  readonly result: string | null;
  readonly hashRule: string | null;
}

/** The route of the sandbox's model. */
export const MODEL = "POST /model/v1/chat/completions";
const ASKED_MS = 90_000;

/** Hires an agent as a buyer of its own would; `result` ends when the job does. */
export function startHire({ project, buyersService }: Hires, agent: string, changes: string) {
  const words = ["hire", agent, "--input", `changes=${changes}`, "--payment-service", buyersService];
  return project.start(...words, "--json").done.then(hireOf);
}

function hireOf({ exitCode, stdout, stderr }: CliResult): Hire {
  if (exitCode !== 0) throw new Error(`the hire ended with ${exitCode}:\n${stderr}\n${stdout}`);
  return JSON.parse(stdout) as Hire;
}

/** Hires an agent, and calls `disturb` while its crew waits for the model: the job is paid then, and far from done. */
export async function disturbedHire(
  hires: Hires,
  agent: string,
  disturb: () => Promise<void>,
): Promise<Hire> {
  const { control } = hires;
  const before = await asked(control);
  await control.setFaults([{ kind: "hang-before-write", route: MODEL }]);
  const done = startHire(hires, agent, "what survives");
  // Whoever fails first is heard.
  const reached = until(
    "the crew asks the model",
    ASKED_MS,
    async () => (await asked(control)) > before || undefined,
  );
  await Promise.race([reached, done.then(() => Promise.reject(new Error("the job was over too soon")))]);
  await disturb();
  return done;
}

const asked = async (control: SandboxControl): Promise<number> => (await control.requests())[MODEL] ?? 0;
