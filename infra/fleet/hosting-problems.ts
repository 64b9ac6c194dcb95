import { BUCKET_PACKAGE, commandForMissing } from "../../providers/common/optional-packages.ts";
import { cataloguePackages } from "../catalogues/index.ts";
import { type StackConfig, ofStack, problemsOfHosting } from "../config.ts";
import { type Agent, hostedBy } from "../declarations/index.ts";
import { HOSTINGS, type HostingKind, TRAITS, placeOf, placeTraits } from "../hosting/traits.ts";

/** Returns why agents cannot be hosted as declared, each problem with its remedy. */
export function hostingRefusals(config: StackConfig, agents: readonly Agent[]): string[] {
  return [
    ...missingPackages(config, agents),
    ...HOSTINGS.flatMap((kind) => refusalsOf(kind, hostedBy(kind, agents), config)),
    ...namesakesOfService(config, agents),
  ];
}

/** Returns what has to be installed for the hostings and buckets of a stack, which most projects do without. */
function missingPackages(config: StackConfig, agents: readonly Agent[]): string[] {
  const used = HOSTINGS.filter((kind) => hostedBy(kind, agents).length > 0);
  const names = used.flatMap((kind) => placeTraits(kind, config).packages ?? []);
  const buckets = (config.documents ?? config.ledger) ? [BUCKET_PACKAGE] : [];
  const listed = cataloguePackages(config.catalogues);
  const command = commandForMissing([...names, ...buckets, ...listed]);
  if (command === undefined) return [];
  const users = [
    ...used.map((kind) => `hosting ${kind}`),
    ...buckets.map(() => "a bucket"),
    ...(listed.length > 0 ? ["masumi:catalogues"] : []),
  ].join(", ");
  return [`packages are not installed that the stack needs (${users}): ${command}`];
}

/** Places where the shared crew service's name becomes a host name or a key of ports, as an agent's id does. */
const NAMED_PLACES: readonly HostingKind[] = ["docker", "ecs-alb"];

/** Returns why an agent beside the shared crew service cannot be called as that is. */
function namesakesOfService(config: StackConfig, agents: readonly Agent[]): string[] {
  const place = placeOf("shared", config);
  if (!NAMED_PLACES.includes(place) || hostedBy("shared", agents).length === 0) return [];
  const { name } = config.shared;
  return hostedBy(place, agents)
    .filter(({ id }) => id === name)
    .map(
      ({ file, id }) =>
        `${file}: with hosting ${place}, ${id} would be reached where the shared crew service is, whose name is ${name}: ` +
        "choose another id, or another masumi:shared.name",
    );
}

function refusalsOf(kind: HostingKind, agents: readonly Agent[], config: StackConfig): string[] {
  if (agents.length === 0) return [];
  const { countProblems, idProblems } = TRAITS[kind];
  const { runsBesideKeys } = placeTraits(kind, config);
  const files = agents.map(({ file }) => file).join(", ");
  // The stack's own hosting is checked with the rest of its configuration.
  const settings = kind === config.hosting ? [] : problemsOfHosting(kind, config);
  const besideKeys = runsBesideKeys === true && config.network === "Mainnet";
  return [
    ...(besideKeys
      ? [
          `hosting ${kind} runs the crews of ${files} beside the keys of the machine that deploys, which is never allowed on ` +
            `Mainnet: ${ofStack(config.stack, "npx masumi-agents config set masumi:hosting docker")}, or ecs-alb`,
        ]
      : []),
    ...settings.map((problem) => `${ofStack(config.stack, problem)} (hosting ${kind} of ${files})`),
    ...(countProblems?.(agents.length) ?? []),
    ...agents.flatMap(({ file, id }) =>
      (idProblems?.(config, id) ?? []).map((problem) => `${file}: ${problem}`),
    ),
  ];
}

/** Returns warnings about what is allowed but may come as a surprise. */
export const hostingWarnings = (agents: readonly Agent[]): string[] =>
  HOSTINGS.flatMap((kind) => TRAITS[kind].countWarnings?.(hostedBy(kind, agents).length) ?? []);
