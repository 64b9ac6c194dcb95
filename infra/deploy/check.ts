import type { StackConfig } from "../config.ts";
import { HostingError } from "../crews/errors.ts";
import type { Agent } from "../declarations/index.ts";
import { hostingRefusals } from "../fleet/index.ts";

/** @throws HostingError with every problem; nothing has been changed */
export function checkHostings(config: StackConfig, agents: readonly Agent[]): void {
  const problems = hostingRefusals(config, agents);
  if (problems.length === 0) return;
  const listed = problems.map((problem) => `  - ${problem}`).join("\n");
  throw new HostingError(
    "HOSTING_REFUSED",
    "Agents cannot be hosted as declared; nothing was changed:",
    listed,
  );
}
