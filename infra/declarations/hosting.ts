/** Where crews run: as a process on this machine, in a Docker engine, or on AWS. */
export const HOSTINGS = ["process", "docker", "ecs-alb", "ecs-express"] as const;
export type HostingKind = (typeof HOSTINGS)[number];

export const isHosting = (name: string): name is HostingKind =>
  (HOSTINGS as readonly string[]).includes(name);

/** What a declaration may ask of the place where it runs. */
export type Demand = "build" | "image" | "documents";

/** What a hosting cannot do. Hostings that are not named here can do everything. */
const CANNOT: Readonly<Record<string, readonly Demand[]>> = { process: ["build", "image", "documents"] };

export const demandsRefusedBy = (hosting: string): readonly Demand[] => CANNOT[hosting] ?? [];

/** Whether a hosting can do what a declaration demands with this key. */
export const runs = (hosting: string, demand: Demand): boolean => !demandsRefusedBy(hosting).includes(demand);
