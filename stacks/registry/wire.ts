import { z } from "zod";

/*
 * What the network's registry service takes and answers; the only file that has its spellings. Releases differ: 0.24 and before know neither
 * `type` nor `sortBy` and `ranking`, and pass over what they do not know; the oldest lack `createdAt`. So of an entry only its
 * identifiers and its status are demanded.
 */

/** Answers with `entries` that a filter finds, `limit` at most. A POST, and yet it changes nothing. */
export const QUERY = "/registry-entry";

/** The most that one answer may have. */
export const MOST_ENTRIES = 50;

/** Statuses that a query finds; it finds Online alone if it names none. */
export const STATUSES = ["Online", "Offline", "Invalid", "Deregistered"] as const;

/** What one of them is, of any release. */
const status = z.string().min(1).max(64);

const identifier = z.string().max(250);

/** What a release does not tell, or tells in another form, is not known. */
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().catch(null);

const time = maybe(z.iso.datetime({ offset: true }));
const checks = maybe(z.int().min(0));
/** 0 to 1 */
const part = maybe(z.number().min(0).max(1));

const entry = z.object({
  id: z.string().min(1).max(64),
  agentIdentifier: identifier,
  status,
  /** Standard, OpenApi, X402, A2A. */
  type: maybe(z.string()),
  uptimeCount: checks,
  uptimeCheckCount: checks,
  lastUptimeCheck: time,
  /** When the registry saw this identifier first. */
  createdAt: time,
  /** V2: the identifier that the last update replaced. */
  supersedesAgentIdentifier: maybe(identifier),
  /** Only where the query has a `sortBy`; each part is relative to all that the query finds. */
  ranking: maybe(
    z.object({
      score: z.number(),
      components: maybe(z.object({ successfulPurchases: part, uptime: part, lineageAge: part })),
    }),
  ),
});

export const answer = z.object({ data: z.object({ entries: z.array(entry).max(MOST_ENTRIES) }) });

export type Entry = z.output<typeof entry>;
