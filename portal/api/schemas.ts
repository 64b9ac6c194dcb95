import { z } from "@hono/zod-openapi";

/** What the API takes and answers; /openapi.json is made of these. */

export const problem = z
  .object({
    title: z.string(),
    status: z.int(),
    error: z
      .string()
      .openapi({ description: "A stable word, which programs test for.", example: "name-taken" }),
    detail: z.string().openapi({ description: "What happened and what to do, for a person." }),
    problems: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: "All that is wrong with a form." }),
    checkoutUrl: z.string().optional().openapi({ description: "Where a subscription can be bought." }),
  })
  .openapi("Problem");

const time = z.iso.datetime();

export const agentState = z.enum([
  "accepted",
  "declared",
  "starting",
  "running",
  "requested",
  "registered",
  "updating",
  "failed",
  "leaving",
  "deregistered",
]);

export const run = z
  .object({
    id: z.string(),
    fleet: z.string(),
    state: z.enum(["queued", "running", "succeeded", "failed"]),
    commit: z.string().nullable(),
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    summary: z.string(),
  })
  .openapi("Run");

export type RunView = z.output<typeof run>;

export const agent = z
  .object({
    agentId: z.string(),
    masumiId: z
      .string()
      .nullable()
      .openapi({ description: "The identifier on the network; null until it is registered." }),
    name: z.string(),
    bio: z.string(),
    description: z.string(),
    template: z.string(),
    choices: z
      .record(z.string(), z.string())
      .openapi({ description: "What was chosen where the template leaves a choice." }),
    state: agentState,
    problem: z.object({ error: z.string(), detail: z.string(), remedy: z.string().optional() }).nullable(),
    price: z.string(),
    network: z.string(),
    url: z.string().nullable(),
    input: z
      .array(z.record(z.string(), z.unknown()))
      .openapi({ description: "The form that buyers fill in (MIP-003)." }),
    disclosure: z.string().optional().openapi({
      description: "What buyers are told of dealing with an AI; absent until an older agent is changed.",
    }),
    listing: z.enum(["openapi", "a2a", "x402"]).optional().openapi({
      description: "What the network's registry lists the agent as; absent of a standard one.",
    }),
    documents: z.array(z.object({ sha256: z.string(), name: z.string(), bytes: z.int() })),
    expectedAt: time.nullable().openapi({ description: "When the chain is expected to have it." }),
    version: z.string().openapi({ description: "Rises with each change; the id of its event." }),
    createdAt: time,
    updatedAt: time,
    timeline: z.array(z.object({ step: z.string(), at: time, detail: z.string().optional() })),
    deployments: z
      .array(run.omit({ summary: true }))
      .optional()
      .openapi({ description: "The last deployments of its fleet, newest first; of one agent alone." }),
    evaluations: z
      .object({
        evaluatedAt: z.iso.datetime({ offset: true }),
        declaration: z.string().openapi({ description: "Digest of what was evaluated." }),
        isCurrent: z.boolean().openapi({ description: "Whether the agent still is what was evaluated." }),
        passed: z.boolean().openapi({ description: "Whether it passed all of them." }),
        isStub: z.boolean().openapi({ description: "Whether no language model was asked, but the stub." }),
        evals: z.array(z.object({ name: z.string(), passed: z.boolean() })),
      })
      .optional()
      .openapi({ description: "How it was last evaluated, if it was; of one agent alone." }),
    user: z.string().optional().openapi({ description: "Whose agent it is; for operators alone." }),
    userName: z.string().optional().openapi({
      description: "That user's e-mail address as far as it is known, else the id; for operators alone.",
    }),
  })
  .openapi("Agent");

export type AgentView = z.output<typeof agent>;

export const tried = z
  .object({
    id: z.string(),
    state: z.enum(["running", "succeeded", "failed", "refused"]),
    startedAt: time,
    endedAt: time.nullable(),
    input: z.string().optional().openapi({ description: "What was asked, shortened; for who asked alone." }),
    answer: z.string().optional().openapi({ description: "For who asked alone." }),
    problem: z.string().optional().openapi({ description: "Why there is no answer; for who asked alone." }),
  })
  .openapi("Try");

export type TryView = z.output<typeof tried>;

const offsetTime = z.iso.datetime({ offset: true });
const share = z.number().nullable();

export const registry = z
  .object({
    askedAt: time.nullable().openapi({
      description: "When the portal asked, up to a minute ago; null as long as it is not registered.",
    }),
    problem: z
      .string()
      .nullable()
      .openapi({ description: "Why nothing is known, or not all, for a person; null if all was told." }),
    health: z
      .object({
        status: z.string().nullable().openapi({
          description: "null: the registry does not list it, or not yet.",
          example: "Online",
        }),
        reason: z.string().nullable().openapi({
          description:
            "Of an agent that is Invalid or Offline: what the portal sees where the registry looks.",
        }),
        uptimePercent: z.number().nullable(),
        checks: z.int().nullable(),
        checkedAt: offsetTime.nullable(),
        firstSeenAt: offsetTime.nullable(),
        supersedes: z
          .boolean()
          .nullable()
          .openapi({ description: "Whether it replaced another identifier, whose age counts too." }),
        rank: z
          .object({
            place: z.int().openapi({ description: "1 is what buyers see first." }),
            score: z.number(),
            purchases: share,
            uptime: share,
            age: share,
          })
          .nullable()
          .openapi({ description: "Among all agents that are online; each part is 0 to 1." }),
      })
      .nullable(),
  })
  .openapi("Registry", { description: "What the network's registry says of an agent." });

export type RegistryView = z.output<typeof registry>;

export const health = z
  .object({
    status: z.literal("ok"),
    instance: z.string().openapi({ description: "Another one after each start." }),
  })
  .openapi("Health");

export type Health = z.output<typeof health>;

const signIn = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("local") }).openapi({ description: "The portal signs users in itself." }),
  z
    .object({
      kind: z.literal("oidc"),
      issuer: z.string(),
      audience: z.string(),
      clientId: z.string(),
      scope: z.string(),
    })
    .openapi({ description: "An OpenID issuer does: authorization code with PKCE." }),
]);

const templateChoice = z
  .object({
    id: z.string().openapi({ example: "price" }),
    name: z.string(),
    hint: z.string().optional(),
    options: z.array(
      z.object({
        name: z.string().openapi({ description: "What is sent." }),
        price: z.string().optional().openapi({ description: "What a job costs then, if it depends on it." }),
      }),
    ),
    default: z
      .string()
      .optional()
      .openapi({ description: "What counts unless something is sent; absent: nothing does." }),
  })
  .openapi("Choice");

const template = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    price: z.string().openapi({
      description: "What a job costs, unless choices change it.",
      example: "1 tUSDM (test USDM)",
    }),
    documents: z.object({
      least: z.int(),
      most: z.int(),
      mostBytes: z.int().openapi({ description: "Of one document." }),
      types: z.array(z.string()).openapi({ description: "Ends of names.", example: [".pdf", ".md"] }),
    }),
    takes: z
      .array(z.enum(["bio", "description", "documents"]))
      .openapi({ description: "What its form has beside a name." }),
    choices: z
      .array(templateChoice)
      .openapi({ description: "What its form leaves to be chosen, to be sent as `choices`." }),
    lengths: z
      .object({ name: z.int(), bio: z.int(), description: z.int() })
      .openapi({ description: "The most characters of each text." }),
  })
  .openapi("Template");

export const configuration = z
  .object({
    network: z.string(),
    signIn,
    billing: z.enum(["none", "stripe"]),
    registry: z
      .boolean()
      .openapi({ description: "Whether the portal asks the network's registry: /agents/{id}/registry." }),
    templates: z.array(template),
    limits: z.object({
      requestsAMinute: z.int(),
      burst: z.int().openapi({ description: "So many may come at once." }),
    }),
  })
  .openapi("Configuration");

export type ConfigurationView = z.output<typeof configuration>;

export const me = z
  .object({
    user: z.object({
      id: z.string(),
      email: z.string().nullable(),
      isOperator: z.boolean().openapi({ description: "Whether everybody's agents are to be seen." }),
    }),
    billing: z.object({
      state: z.enum(["none", "active", "trialing", "past_due", "lapsed"]),
      plan: z.string().nullable(),
      allowed: z
        .int()
        .nullable()
        .openapi({ description: "Agents that the plan has room for; null: any number." }),
      drainsAt: time
        .nullable()
        .openapi({ description: "When the agents leave unless the plan is paid for." }),
    }),
    agents: z.int().openapi({ description: "How many agents the user has." }),
  })
  .openapi("Me");

export type MeView = z.output<typeof me>;

export const created = z
  .object({
    agentId: z.string(),
    masumiId: z.string().optional().openapi({ description: "Its identifier, once it is registered." }),
  })
  .openapi("Created");

const document = { type: "string", format: "binary" } as const;

/** What is filled in to create an agent. Lengths are the template's. */
export const newAgent = z.object({
  name: z.string(),
  bio: z.string(),
  description: z.string(),
  template: z.string(),
  docs: z
    .array(z.string())
    .optional()
    .openapi({ type: "array", items: document, description: "Files; multipart alone." }),
});

export const agentChange = z.object({
  name: z.string().optional(),
  bio: z.string().optional(),
  description: z.string().optional(),
  docs: z
    .array(z.string())
    .optional()
    .openapi({ type: "array", items: document, description: "Files to add." }),
  removeDocs: z.array(z.string()).optional().openapi({ description: "SHA-256 of documents to remove." }),
});
