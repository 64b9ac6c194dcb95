import { type StackConfig, problemsOfHosting } from "../config.ts";
import { type Agent, hostedBy, runsInRuntime } from "../declarations/index.ts";
import { HOSTINGS, type HostingKind, TRAITS } from "../hosting/traits.ts";

/** Returns why agents cannot be hosted as declared, each problem with its remedy. */
export function hostingRefusals(config: StackConfig, agents: readonly Agent[]): string[] {
  return HOSTINGS.flatMap((kind) => refusalsOf(kind, hostedBy(kind, agents), config));
}

function refusalsOf(kind: HostingKind, agents: readonly Agent[], config: StackConfig): string[] {
  if (agents.length === 0) return [];
  const { countProblems, idProblems, losesPaidJobs, needsRuntimeKey } = TRAITS[kind];
  const files = agents.map(({ file }) => file).join(", ");
  // The stack's own hosting is checked with the rest of its configuration.
  const settings = kind === config.hosting ? [] : problemsOfHosting(kind, config);
  const priced = agents.filter(({ pricing }) => pricing.type !== "free");
  return [
    ...settings.map((problem) => `${problem} (hosting ${kind} of ${files})`),
    ...(countProblems?.(agents.length) ?? []),
    ...agents.flatMap(({ file, id }) =>
      (idProblems?.(config, id) ?? []).map((problem) => `${file}: ${problem}`),
    ),
    ...(losesPaidJobs && !config.databaseUrl ? priced.filter(runsInRuntime).map(losesJobs) : []),
    ...(needsRuntimeKey === "with a price" && !config.runtimeKey ? priced.map(lacksRuntimeKey) : []),
  ];
}

const losesJobs = ({ file, hosting }: Agent) =>
  `${file}: is paid, and with hosting ${hosting} its paid jobs would be lost whenever the container that runs them stops: ` +
  "set the URL of a PostgreSQL database with pulumi config set --secret masumi:databaseUrl";

/** Such an agent would be registered for a fee, but take no jobs. */
const lacksRuntimeKey = ({ file }: Agent) =>
  `${file}: is paid, but its crew has no key to take payments with: ask the payment service's administrator for a ` +
  "ReadAndPay key limited to the selling wallets, and set it with pulumi config set --secret masumi:runtimeKey";

/** Returns warnings about what is allowed but may come as a surprise. */
export const hostingWarnings = (agents: readonly Agent[]): string[] =>
  HOSTINGS.flatMap((kind) => TRAITS[kind].countWarnings?.(hostedBy(kind, agents).length) ?? []);
