import { dockerSettings } from "./docker/settings.ts";
import { dockerTraits } from "./docker/traits.ts";
import { awsSettings } from "./ecs/settings.ts";
import { albTraits, expressTraits } from "./ecs/traits.ts";
import type { HostingTraits } from "./kind.ts";
import { processTraits } from "./process/traits.ts";

/**
 * Where crews run: a row for each value of `masumi:hosting` and of an agent's `hosting:`. This is the one place to add another
 * one (see CONTRIBUTING.md). Loads no Pulumi.
 */
export const TRAITS = {
  process: processTraits,
  docker: dockerTraits,
  "ecs-alb": albTraits,
  "ecs-express": expressTraits,
} as const satisfies Record<string, HostingTraits<never>>;

/** The maps of settings that hostings read, by their names below masumi:. */
export const SETTINGS = { aws: awsSettings, docker: dockerSettings } as const;

export type HostingKind = keyof typeof TRAITS;

/** The hostings' settings of a stack, complete. */
export type HostingsConfig = {
  readonly [Name in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[Name]["complete"]>;
};

export const HOSTINGS = Object.keys(TRAITS) as [HostingKind, ...HostingKind[]];

export const isHosting = (name: string): name is HostingKind => Object.hasOwn(TRAITS, name);
