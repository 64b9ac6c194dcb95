/** Where crews run: as a process on this machine, in a Docker engine, or on AWS. */
export const HOSTINGS = ["process", "docker", "ecs-alb", "ecs-express"] as const;
export type HostingKind = (typeof HOSTINGS)[number];

export const isHosting = (name: string): name is HostingKind =>
  (HOSTINGS as readonly string[]).includes(name);

/** Whether images run there; a process runs what the crew runtime runs. */
export const runsImages = (hosting: string): boolean => hosting !== "process";
