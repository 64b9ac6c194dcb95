import { dockerSettings } from "./docker/settings.ts";
import { dockerTraits } from "./docker/traits.ts";
import { awsSettings } from "./ecs/settings.ts";
import { albTraits, expressTraits } from "./ecs/traits.ts";
import type { HostingTraits } from "./kind.ts";
import { processTraits } from "./process/traits.ts";

/**
 * Where crews run: a row for each value of `masumi:hosting` and of an agent's `hosting:`. A new hosting is added here and
 * nowhere else (see CONTRIBUTING.md). Loads no Pulumi.
 */
export const TRAITS = {
  process: processTraits,
  docker: dockerTraits,
  "ecs-alb": albTraits,
  "ecs-express": expressTraits,
} as const satisfies Record<string, HostingTraits<never>>;

/** The maps of settings that hostings read, by their name below masumi:. */
export const SETTINGS = { aws: awsSettings, docker: dockerSettings } as const;

export type HostingKind = keyof typeof TRAITS;

/** The complete settings of a stack's hostings. */
export type HostingsConfig = {
  readonly [Name in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[Name]["complete"]>;
};

export const HOSTINGS = Object.keys(TRAITS) as [HostingKind, ...HostingKind[]];

export const isHosting = (name: string): name is HostingKind => Object.hasOwn(TRAITS, name);
