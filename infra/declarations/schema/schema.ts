import { z } from "zod";
import { PRICE } from "./assets.ts";
import { HOSTINGS } from "../../hosting/traits.ts";
import { crewSchema } from "./crew.ts";
import { inputField } from "./input.ts";
import { link, matching, ruled, serviceUrl, text } from "./texts.ts";

/*
 * The one description of an agent's file: the runtime check, the TypeScript type and agents/agent.schema.json all come
 * from it. Lengths are what the payment service accepts in POST /registry (in UTF-16 units). The service takes 15 tags;
 * one of them is our marker.
 */

/** Tags that begin so mark registrations as ours, and are not for authors. */
export const RESERVED_TAG_PREFIX = "iac-";

const id = matching(
  /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  "is not a valid id",
  "use lower-case letters, digits and -, for example market-researcher",
  63,
);

const stackName = matching(
  /^[A-Za-z0-9_.-]{1,100}$/,
  "is not a stack name",
  "use letters, digits, - _ and .",
);

const tag = ruled(text(63), {
  test: (value) => !value.toLowerCase().startsWith(RESERVED_TAG_PREFIX),
  wrong: `begins with "${RESERVED_TAG_PREFIX}", which marks registrations made from this repository`,
  right: "choose another tag",
  pattern: "^(?![Ii][Aa][Cc]-)",
});

const price = ruled(text(120, 'include the token, for example "5 USDM"'), {
  test: (value) => PRICE.test(value),
  wrong: "is not a price",
  right: 'write an amount and a token, for example "5 USDM" or "2.5 ADA"',
  pattern: PRICE.source,
}).meta({ description: "Amount and token.", examples: ["5 USDM", "2.5 ADA"] });

const prices = (description: string) =>
  z
    .array(price)
    .min(1)
    .max(5)
    .meta({ description, examples: [["5 USDM"], ["5 USDM", "2 ADA"]] });

const pricing = z
  .union([
    z.enum(["free", "dynamic"]),
    z.strictObject({
      fixed: prices("What one job costs. Several tokens are paid together, not one instead of another."),
    }),
    z.strictObject({
      dynamic: prices("What a job costs for each one of `times`; several tokens are paid together."),
      times: text(250)
        .optional()
        .meta({
          description: "The input field of type number that says how often; without it, once.",
          examples: ["pages"],
        }),
    }),
  ])
  .meta({
    description:
      "free, fixed, or dynamic (a price for each job; an agent of your own code says it itself). The same price works on both networks: " +
      "on Preprod, USDM and USDCx mean the test token tUSDM.",
    examples: [{ fixed: ["5 USDM"] }, "free", { dynamic: ["1 ADA"], times: "pages" }],
  });

const exampleOutput = z.strictObject({
  name: text(60).meta({ description: "What the example shows.", examples: ["Brief"] }),
  url: link(250).meta({ description: "Where it can be seen.", examples: ["https://example.com/brief.pdf"] }),
  mimeType: matching(
    /^[\w.+-]+\/[\w.+-]+(;.*)?$/,
    "is not a media type",
    "for example application/pdf",
    60,
  ).meta({
    description: "Its media type.",
    examples: ["application/pdf"],
  }),
});

const legalText = (what: string) =>
  text(250)
    .exactOptional()
    .meta({ description: `${what}: a link or a text.`, examples: ["https://example.com/terms"] });

export const declarationSchema = z
  .strictObject({
    id: id.exactOptional().meta({
      description:
        "Stable id of the agent; the file's name if absent. Keep it when you rename the file, or the agent is registered anew.",
      examples: ["market-researcher"],
    }),
    name: text(250).meta({ description: "Name in the registry.", examples: ["Market Researcher"] }),
    description: text(250).meta({
      description: "What the agent does for its customer, in the registry.",
      examples: ["Researches a market and writes a two-page brief."],
    }),
    capability: z
      .strictObject({
        name: text(250).meta({ description: "What it can do, in one word.", examples: ["market-research"] }),
        version: text(250).meta({ description: "Version of this ability.", examples: ["1.0.0"] }),
      })
      .meta({
        description: "What the agent can do.",
        examples: [{ name: "market-research", version: "1.0.0" }],
      }),
    tags: z
      .array(tag)
      .min(1)
      .max(14)
      .meta({ description: "Words by which it is found.", examples: [["research", "markets"]] }),
    author: z
      .strictObject({
        name: text(250).meta({ description: "Who offers the agent.", examples: ["Example GmbH"] }),
        contactEmail: z
          .email()
          .max(250)
          .exactOptional()
          .meta({ description: "Mail address for customers.", examples: ["agents@example.com"] }),
        contactOther: text(250).exactOptional().meta({ description: "Another way to get in touch." }),
        organization: text(250).exactOptional().meta({ description: "Organisation behind the author." }),
      })
      .meta({ description: "Who offers the agent.", examples: [{ name: "Example GmbH" }] }),
    legal: z
      .strictObject({
        privacyPolicy: legalText("Privacy policy"),
        terms: legalText("Terms of use"),
        other: legalText("Other legal notes"),
      })
      .default({})
      .meta({ description: "Legal texts." }),
    pricing,
    exampleOutputs: z
      .array(exampleOutput)
      .max(25)
      .default([])
      .meta({ description: "Results that customers can look at before they buy." }),
    input: z
      .array(inputField)
      .default([])
      .meta({
        description: "What a customer is asked for: fields of an input_schema as in MIP-003.",
        examples: [[{ id: "topic", type: "string", name: "Topic" }]],
      }),
    crew: crewSchema
      .exactOptional()
      .meta({ description: "What the agent runs: a CrewAI crew, written right here." }),
    build: text(500)
      .exactOptional()
      .meta({
        description:
          "What the agent runs: a folder of the repository with crew.py, a crew written in Python, or with a " +
          "Dockerfile, from which its image is built.",
        examples: ["./my-crew"],
      }),
    image: matching(
      /^[a-z0-9][a-zA-Z0-9._:/-]*@sha256:[0-9a-f]{64}$/,
      "does not refer to an image by its digest",
      "write repository@sha256:… with 64 hex digits, so it cannot change unnoticed",
      500,
    )
      .exactOptional()
      .meta({ description: "What the agent runs: a container image, by digest." }),
    url: serviceUrl(250)
      .exactOptional()
      .meta({
        description: "An agent that runs elsewhere: it is only registered. Base URL of its MIP-003 API.",
        examples: ["https://agents.example.com/research"],
      }),
    model: z
      .strictObject({
        name: text(200)
          .exactOptional()
          .meta({ description: "Name of the model.", examples: ["gpt-4.1-mini"] }),
        temperature: z
          .number()
          .min(0)
          .max(2)
          .exactOptional()
          .meta({ description: "0 is steady, 2 is playful.", examples: [0.3] }),
        maxTokens: z
          .int()
          .min(1)
          .exactOptional()
          .meta({ description: "Longest answer of one call, in tokens.", examples: [4000] }),
        embeddings: text(200)
          .exactOptional()
          .meta({
            description:
              "Name of the model that documents are compared by; text-embedding-3-small if absent.",
            examples: ["text-embedding-3-small"],
          }),
      })
      .default({})
      .meta({
        description: "The model that the crew uses; its address and key come from the stack's configuration.",
      }),
    documents: z
      .array(text(500))
      .default([])
      .meta({
        description:
          "What the agent knows: Markdown, text, CSV or PDF, as paths from the repository's root, or as public https " +
          "links that end in #sha256= and the digest of what they lead to. 10 MiB each; PDFs up to 200 MiB where the stack " +
          "has a bucket (masumi:documents) or the crew runs on this machine.",
        examples: [["docs/handbook.pdf"]],
      }),
    resources: z
      .strictObject({
        cpu: z
          .literal([256, 512, 1024, 2048, 4096, 8192, 16384])
          .default(512)
          .meta({ description: "CPU units; 1024 are one core." }),
        memory: z.int().min(512).max(122_880).default(1024).meta({ description: "Memory in MiB." }),
        instances: z.int().min(1).max(100).default(1).meta({ description: "How many containers run." }),
        autoscaling: z
          .strictObject({
            max: z.int().min(2).max(100).meta({ description: "How many containers run at most." }),
            cpuPercent: z
              .int()
              .min(10)
              .max(90)
              .default(60)
              .meta({ description: "More containers start when they use more of their CPU than this." }),
          })
          .exactOptional()
          .meta({ description: "More containers under load, on AWS.", examples: [{ max: 4 }] }),
      })
      .prefault({})
      .meta({ description: "Size of the container; hosting as a process takes no notice of it." }),
    hosting: z
      .enum(HOSTINGS)
      .exactOptional()
      .meta({
        description: "Where the crew runs, if not where the stack's others run (masumi:hosting).",
        examples: ["ecs-express"],
      }),
    payment: z
      .enum(["V1", "V2"])
      .exactOptional()
      .meta({
        description:
          "Kind of wallet that registers it; V2 if the stack has one, else V1. " +
          "V2 can be updated in place; every change of a V1 registration is a new one.",
      }),
    wallet: matching(
      /^[0-9a-f]{56}$/,
      "is not a wallet's verification key",
      "write its 56 lower-case hex digits",
    )
      .exactOptional()
      .meta({ description: "Verification key of the one configured wallet that is to register it." }),
    adopt: matching(
      /^c[a-z0-9]{8,31}$/,
      "is not the id of a registration",
      "write its id in the payment service, for example cmwrr…",
    )
      .exactOptional()
      .meta({ description: "Id of an existing registration to take over instead of making a new one." }),
    only: z
      .array(stackName)
      .min(1)
      .exactOptional()
      .meta({
        description: "Stacks in which the agent lives; every stack if absent.",
        examples: [["preprod", "mainnet"]],
      }),
    overrides: z
      .record(stackName, z.record(z.string(), z.unknown()))
      .default({})
      .meta({
        description:
          "What is different in a stack. Maps are merged, anything else is replaced, and null removes a key.",
        examples: [{ mainnet: { pricing: { fixed: ["8 USDM"] } } }],
      }),
  })
  .meta({
    title: "Masumi agent",
    description: "One AI agent: what it runs, what it costs and how it is registered.",
  });

/** An agent as its author wrote it, one stack's overrides merged, defaults filled in. */
export type Declaration = z.output<typeof declarationSchema>;
