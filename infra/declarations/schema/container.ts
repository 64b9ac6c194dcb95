import { z } from "zod";
import { matching } from "./texts.ts";

/** What containers may do by default in Docker and on Fargate; no container of a stack ever gets more than these. */
export const CAPABILITIES = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "NET_RAW",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
] as const;

export type Capability = (typeof CAPABILITIES)[number];

export const containerSchema = z.strictObject({
  user: matching(
    /^[a-z0-9_][a-z0-9_-]*(:[a-z0-9_][a-z0-9_-]*)?$/,
    "is not a user of a container",
    'write a name or a number, and a group if need be, for example "1000:1000"',
    100,
  )
    .exactOptional()
    .meta({
      description: "User that the container runs as, if it is not the image's own.",
      examples: ["1000:1000"],
    }),
  readOnly: z
    .boolean()
    .default(true)
    .meta({
      description: "Whether it may write to /data and /tmp alone; false lets it write anywhere.",
      examples: [false],
    }),
  capabilities: z
    .array(z.enum(CAPABILITIES))
    .default([])
    .meta({
      description: "Linux capabilities that it keeps; none if absent.",
      examples: [["NET_BIND_SERVICE"]],
    }),
  pids: z
    .int()
    .min(16)
    .max(32_768)
    .default(1024)
    .meta({ description: "Number of processes and threads that it may have; hosting docker only." }),
});
