import { dockerSettings } from "./docker/settings.ts";
import { dockerTraits } from "./docker/traits.ts";
import { awsSettings } from "./ecs/settings.ts";
import { albTraits, expressTraits } from "./ecs/traits.ts";
import type { HostingTraits } from "./kind.ts";
import { processTraits } from "./process/traits.ts";
import { type SharedSettings, sharedSettings } from "./shared/settings.ts";
import { sharedTraits } from "./shared/traits.ts";

/**
 * Where crews run: a row for each value of `masumi:hosting` and of an agent's `hosting:`. A new hosting is added here and
 * nowhere else (see CONTRIBUTING.md). Loads no Pulumi.
 */
export const TRAITS = {
  process: processTraits,
  docker: dockerTraits,
  "ecs-alb": albTraits,
  "ecs-express": expressTraits,
  shared: sharedTraits,
} as const satisfies Record<string, HostingTraits<never>>;

/** The maps of settings that hostings read, by their name below masumi:. */
export const SETTINGS = { aws: awsSettings, docker: dockerSettings, shared: sharedSettings } as const;

export type HostingKind = keyof typeof TRAITS;

/** The complete settings of a stack's hostings. */
export type HostingsConfig = {
  readonly [Name in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[Name]["complete"]>;
};

export const HOSTINGS = Object.keys(TRAITS) as [HostingKind, ...HostingKind[]];

export const isHosting = (name: string): name is HostingKind => Object.hasOwn(TRAITS, name);

/** What says where the shared crew service runs; nothing of it if that is not known. */
export interface SharedPlace {
  readonly shared?: { readonly on?: SharedSettings["on"] | undefined } | undefined;
}

/**
 * Returns where crews of a hosting really run: for shared, what masumi:shared.on says. As long as it says nothing, that is this
 * machine, where the least is allowed.
 */
export const placeOf = (kind: HostingKind, { shared }: SharedPlace): HostingKind =>
  kind === "shared" ? (shared?.on ?? "process") : kind;

/** Returns the traits that depend on where crews really run: which keys are near, which engine or cloud, what outlives a stop. */
export const placeTraits = (kind: HostingKind, settings: SharedPlace): (typeof TRAITS)[HostingKind] =>
  TRAITS[placeOf(kind, settings)];
