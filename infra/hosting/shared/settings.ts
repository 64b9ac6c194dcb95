import { z } from "zod";
import type { SettingsOfHosting } from "../kind.ts";

/** Where a shared crew service may run: each is a hosting of its own, too. */
export const SHARED_PLACES = ["process", "docker", "ecs-alb"] as const;

/** masumi:shared, for the hosting shared: one crew service for many agents. */
const schema = z.strictObject({
  /** Where the service runs: on this machine, in the Docker engine of masumi:docker, or on ECS as in masumi:aws. */
  on: z.enum(SHARED_PLACES, { error: `expected one of ${SHARED_PLACES.join(", ")}` }).exactOptional(),
  /** Whether agents may bring code of their own, which runs on the machine or in the container of all others. */
  code: z.boolean().default(false),
  /** The service's name: {id} in masumi:docker.url, and on ECS the host name before masumi:aws.domain. */
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "expected lower-case letters, digits and -, at most 63")
    .default("crews"),
  /** CPU units (1024 are one core) and MiB of the service's container. */
  cpu: z.int().min(256).default(1024),
  memory: z.int().min(512).default(2048),
  /**
   * The stack whose service serves this stack's agents, too, instead of one of its own: in the same project, and with the same `on` and
   * `name`. Its agents are its own: only they come and go with it.
   */
  of: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, "expected the name of a stack of this project")
    .exactOptional(),
  /** Whether the service stays while this stack has no agents of it, because those of other stacks are served, too. */
  keep: z.boolean().default(false),
  /** How many instances run side by side; more than one only on ECS. */
  instances: z.int().min(1).max(20).default(1),
});

export type SharedSettings = z.output<typeof schema>;

export const sharedSettings: SettingsOfHosting<typeof schema, SharedSettings> = {
  schema,
  example: "{ on: docker }",
  complete: (settings) => settings,
};
