import { z } from "zod";
import { billingSettings, checkBilling } from "./billing/index.ts";
import { checkIdentity, identitySettings } from "./identity/index.ts";
import type { Environment } from "../stacks/index.ts";
import { bucketSettings } from "../providers/s3/index.ts";

/** A whole number, written as text. */
const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

/** What the portal is set up with, each by an environment variable of this name. */
const portalSettings = z.object({
  /** Where it listens. Anything but loopback needs an issuer that signs users in. */
  PORTAL_HOST: z.string().default("127.0.0.1"),
  /** By default 4810, or the next one that is free; 0: any that is free. */
  PORTAL_PORT: count(0, 65_535).optional(),
  /** The address that customers know, for links; by default where it listens. */
  PORTAL_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Where all that the portal keeps on this machine is: database, documents, repository, the fleets' project. */
  PORTAL_FOLDER: z.string().default(".masumi/portal"),
  /** A PostgreSQL server, which several portals may share. By default the database is embedded, in PORTAL_FOLDER. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  /** The git repository of the declarations, which the portal pushes to. By default one in PORTAL_FOLDER alone. */
  PORTAL_REPOSITORY: z.string().optional(),
  /** `here`: this portal deploys; `pipeline`: it only pushes, and the repository's workflows deploy. */
  PORTAL_DEPLOY: z.enum(["here", "pipeline"]).default("here"),
  /** What the names of the fleets' stacks begin with: `local` runs on the embedded engine and a sandbox, all others on the real Pulumi CLI. */
  PORTAL_STACKS: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,40}$/, "expected lower-case letters, digits and -")
    .default("local"),
  /** At most so many agents are in one fleet, so in one stack. */
  PORTAL_FLEET_SIZE: count(1, 1000).default(100),
  /** The operator's own templates, a folder of YAML files; by default those that come with the portal. */
  PORTAL_TEMPLATES: z.string().optional(),
  /** So many milliseconds the portal waits for more before it commits. */
  PORTAL_BATCH_MS: count(0, 10_000).default(1000),
  /** So often, in seconds, the portal fetches what others pushed to PORTAL_REPOSITORY, and deploys it. */
  PORTAL_FETCH_SECONDS: count(1, 86_400).default(30),
  /** How many fleets this portal deploys side by side. */
  PORTAL_RUNS: count(1, 32).default(2),
  /** How many times faster than the real one the sandbox's chain is; `instant` confirms everything at once. */
  PORTAL_CHAIN_SPEED: z.string().default("30"),
  /** How many requests that change something a user may send in a burst, and how many more each minute. */
  PORTAL_BURST: count(1, 100_000).default(30),
  PORTAL_REQUESTS_A_MINUTE: count(1, 100_000).default(60),
  /** How many times in 24 hours a user may spend ADA: by a new agent, or by changing what the network shows of one. */
  PORTAL_REGISTRATIONS_A_DAY: count(1, 100_000).default(50),
  /** How many MiB of documents a user may upload in a day. */
  PORTAL_UPLOAD_MIB_A_DAY: count(1, 1_000_000).default(10_240),
  /**
   * The bucket of customers' documents, as masumi:documents of the fleets' stacks names it: {"bucket": …, "region": …}, with the usual
   * AWS credentials. By default a folder in PORTAL_FOLDER.
   */
  PORTAL_DOCUMENTS: z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: "custom", message: "is not JSON" });
        return z.NEVER;
      }
    })
    .pipe(bucketSettings.required({ region: true }))
    .optional(),
  /** How many days a document that no agent names any more is kept, the log of a run, and what was tried. */
  PORTAL_KEEP_DAYS: count(1, 3650).default(7),
});

export const settingsSchema = portalSettings
  .extend(identitySettings.shape)
  .extend(billingSettings.shape)
  .superRefine(({ PORTAL_DEPLOY, PORTAL_REPOSITORY, PORTAL_STACKS, DATABASE_URL }, context) => {
    const demand = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (PORTAL_STACKS !== "local" && !PORTAL_STACKS.startsWith("local-") && PORTAL_REPOSITORY === undefined) {
      demand("PORTAL_REPOSITORY", `is missing: the stacks ${PORTAL_STACKS}-customers-… are set up there`);
    }
    if (PORTAL_DEPLOY === "here") return;
    if (PORTAL_REPOSITORY === undefined) {
      demand("PORTAL_REPOSITORY", "is missing: with PORTAL_DEPLOY=pipeline, its workflows deploy");
    }
    if (DATABASE_URL === undefined) {
      demand(
        "DATABASE_URL",
        "is missing: with PORTAL_DEPLOY=pipeline, what the workflows did is read from its table of agents (masumi:records)",
      );
    }
  })
  .superRefine(checkIdentity)
  .superRefine(checkBilling);

export type Settings = z.output<typeof settingsSchema>;

/** Reads the settings from environment variables; an empty one counts as absent. @throws SettingsError naming all that are wrong */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  // Both in their local form, or neither: a portal for others says itself how they pay.
  const PORTAL_BILLING = given["PORTAL_ISSUER"] === undefined ? "local" : "none";
  const read = settingsSchema.safeParse({ PORTAL_BILLING, ...given });
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new SettingsError(`PORTAL_SETTINGS_INVALID: the portal cannot start.\n${problems.join("\n")}`);
}

/** Settings that are the portal's alone, its database and its keys of Stripe's and the registry's among them. */
const OWN = /^(PORTAL_|STRIPE_|DATABASE_URL$|MASUMI_REGISTRY_KEY$)/;

/** Returns an environment without them: no program that a run starts may see them. */
export const withoutOwn = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !OWN.test(name)));

/** Says which environment variables are wrong. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly code = "PORTAL_SETTINGS_INVALID";
}
