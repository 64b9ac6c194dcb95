import { z } from "@hono/zod-openapi";

/** What is answered of costs; /openapi.json is made of these, too. */

const usd = z.string().nullable();

const sums = z.object({
  inputTokens: z.int(),
  outputTokens: z.int(),
  modelsUsd: usd.openapi({ description: "What the tokens cost in US dollars; null without a price." }),
  containerSeconds: z
    .number()
    .openapi({ description: "How long processes and containers of the agents' own were up." }),
  jobSeconds: z.number().openapi({ description: "How long jobs ran." }),
  timeUsd: usd.openapi({ description: "What that time costs in US dollars; null without a price." }),
  fees: z.string().openapi({ description: "Fees of transactions, in ADA." }),
});

const month = z.string().openapi({ description: "By UTC.", example: "2026-11" });

export const costs = z
  .object({
    readAt: z.iso.datetime().nullable().openapi({
      description: "Up to a minute ago; null where no agent has been deployed by this portal.",
    }),
    months: z
      .array(sums.extend({ month }))
      .openapi({ description: "The last twelve at most, newest first." }),
    agents: z.array(sums.extend({ month, agentId: z.string(), name: z.string() })),
    missing: z
      .array(z.string())
      .openapi({ description: "Ids of agents of which not all could be read just now." }),
  })
  .openapi("Costs");

export type CostsView = z.output<typeof costs>;

const customerCosts = sums.extend({
  month,
  user: z.string(),
  userName: z.string().openapi({ description: "The e-mail address as far as it is known, else the id." }),
  agents: z.int(),
});

export type CustomerCostsView = z.output<typeof customerCosts>;

export const allCosts = costs
  .omit({ missing: true })
  .extend({
    customers: z.array(customerCosts),
    missing: z.array(z.object({ agentId: z.string(), reason: z.string() })),
  })
  .openapi("AllCosts");

export type AllCostsView = z.output<typeof allCosts>;
