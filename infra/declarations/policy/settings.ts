import { z } from "zod";
import { type Declaration, NEEDED_KEYS, declarationSchema } from "../schema/schema.ts";

/*
 * What a stack allows the authors of declarations: masumi:hostings and masumi:policy. Whoever may change an agent's file need not
 * be trusted with more than that agent, as long as others own the stack's file (.github/CODEOWNERS).
 */

/** `example.org`, or `*.example.org` for all hosts below it and not itself, as in fetch_hosts. */
const hostPattern = z
  .string()
  .regex(
    /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
    "expected a host in lower case, or *.example.org for all hosts below it",
  );

/** A registry, or what the names of its images begin with; only whole parts between slashes count. */
const imagePattern = z
  .string()
  .regex(
    /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(\/[a-z0-9._-]+)*\/?$/,
    "expected a registry or the beginning of an image's name, for example ghcr.io/example",
  );

const folder = z
  .string()
  .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))./, "expected a folder of the repository, for example crews");

type Key = keyof Declaration;
const KEYS = Object.keys(declarationSchema.shape) as [Key, ...Key[]];

const key = z.enum(KEYS, {
  error: ({ input }) => `"${String(input)}" is not a key of an agent's file; the keys are ${KEYS.join(", ")}`,
});

const ids = z.array(declarationSchema.shape.id.unwrap());

export const policySchema = z.strictObject({
  /** The top-level keys that authors may use, beside those that every agent needs; or those that they may not. */
  keys: z
    .union([
      z.strictObject({ allow: z.array(key) }),
      z.strictObject({
        deny: z.array(key.refine((name) => !NEEDED_KEYS.includes(name), "every agent needs this key")),
      }),
    ])
    .exactOptional(),
  /** Registries, or beginnings of names, that `image:` may be from. */
  images: z.array(imagePattern).exactOptional(),
  /** Folders that `build:` may name, or that contain those that it may name. */
  build: z.array(folder).exactOptional(),
  /** Hosts that `url:`, and the document of a `listing:`, may be at. */
  urls: z.array(hostPattern).exactOptional(),
  /** Hosts that `fetch_hosts` may name. */
  fetchHosts: z.array(hostPattern).exactOptional(),
  /** Ids that no agent may have, instead of RESERVED_IDS. */
  reservedIds: ids.exactOptional(),
  /** Ids that agents may have although they are reserved. */
  allowIds: ids.exactOptional(),
});

/** What a stack allows the authors of declarations; what is absent is not restricted, except for reserved ids. */
export type Policy = z.output<typeof policySchema>;

/**
 * Ids that become host names which people, mail servers and browsers take for the domain's own: a login page there would be
 * believed.
 */
export const RESERVED_IDS: readonly string[] = (
  "account accounts admin administrator api auth billing console dashboard help id identity internal login logout oauth pay " +
  "payment payments portal register root secure security signin signup sso status support " +
  "autoconfig autodiscover dns ftp imap localhost mail mta-sts mx ns1 ns2 pop pop3 smtp vpn webmail wpad www"
).split(" ");
