import { z } from "zod";
import { PRICE } from "./assets.ts";
import { HOSTINGS } from "../../hosting/traits.ts";
import { STANDARD_DISCLOSURE } from "../disclosure.ts";
import { SECRET_NAMES } from "../secret-names.ts";
import { containerSchema } from "./container.ts";
import { crewSchema } from "./crew.ts";
import { evalSchema } from "./evals.ts";
import { inputField } from "./input.ts";
import { listing } from "./listing.ts";
import { sources } from "./sources.ts";
import { storedDocument } from "./stored-document.ts";
import {
  chainText,
  imageByDigest,
  link,
  matching,
  ruled,
  serviceUrl,
  text,
  withoutControls,
} from "./texts.ts";
import { LARGEST_METADATUM } from "../../../providers/common/kept-text.ts";

/*
 * The single description of an agent's file: the runtime check, the TypeScript type and agents/agent.schema.json are all
 * derived from it. Lengths are what the payment service accepts in POST /registry (in UTF-16 units). The service accepts 15
 * tags; one of them is our marker.
 */

/** Tags with this prefix mark registrations as ours, so authors cannot use them. */
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

const tag = ruled(chainText(63, { bytes: LARGEST_METADATUM }), {
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
}).meta({ description: "An amount and a token.", examples: ["5 USDM", "2.5 ADA"] });

const prices = (description: string) =>
  z
    .array(price)
    .min(1)
    .max(5)
    .meta({ description, examples: [["5 USDM"], ["5 USDM", "2 ADA"]] });

/** The remedy for a price where the pricing is wanted. */
const asFixedPrice = ({ input }: { readonly input?: unknown }) =>
  typeof input === "string" && PRICE.test(input.trim()) ? `write { fixed: [${input.trim()}] }` : undefined;

const pricing = z
  .union(
    [
      z.enum(["free", "dynamic"]),
      z.strictObject({
        fixed: prices("Price of one job. If several tokens are listed, the customer pays all of them."),
      }),
      z.strictObject({
        dynamic: prices(
          "Price that is multiplied by `times`. If several tokens are listed, the customer pays all of them.",
        ),
        times: text(250)
          .optional()
          .meta({
            description:
              "Id of the number field in input to multiply the price by; if absent, the price is paid once.",
            examples: ["pages"],
          }),
      }),
    ],
    { error: asFixedPrice },
  )
  .meta({
    description:
      "free, fixed, or dynamic (a price per job; your own code in an image or behind a URL sets it itself). The same price " +
      "works on both networks: on Preprod, USDM and USDCx mean the test token tUSDM.",
    examples: [{ fixed: ["5 USDM"] }, "free", { dynamic: ["1 ADA"], times: "pages" }],
  });

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(;.*)?$/;

const exampleOutput = z.strictObject({
  name: chainText(60).meta({ description: "What the example shows.", examples: ["Brief"] }),
  url: link(250).meta({ description: "Link to the example.", examples: ["https://example.com/brief.pdf"] }),
  mimeType: ruled(chainText(60), {
    test: (value) => MEDIA_TYPE.test(value),
    wrong: "is not a media type",
    right: "for example application/pdf",
    pattern: MEDIA_TYPE.source,
  }).meta({
    description: "Its media type.",
    examples: ["application/pdf"],
  }),
});

const legalText = (what: string) =>
  chainText(250, { lines: true })
    .exactOptional()
    .meta({ description: `${what}: a link or a text.`, examples: ["https://example.com/terms"] });

/** The network's registry adds /availability to the URL, buyers add the other paths of MIP-003. */
const baseUrl = ruled(serviceUrl(250), {
  test: (value) => !/\/(availability|start_job|input_schema|provide_input)\/*$/.test(value),
  wrong: "ends in a path of the agent's API, which its callers add themselves",
  right: "write only what comes before it, for example https://agents.example.com/research",
});

export const declarationSchema = z
  .strictObject({
    id: id.exactOptional().meta({
      description:
        "Permanent id of the agent; the file's name if absent. Keep it when you rename the file, otherwise the agent is " +
        "registered again.",
      examples: ["market-researcher"],
    }),
    name: chainText(250).meta({
      description: "Name of the agent in the registry.",
      examples: ["Market Researcher"],
    }),
    description: chainText(250, { lines: true }).meta({
      description: "What the agent does for its customers, as shown in the registry.",
      examples: ["Researches a market and writes a two-page brief."],
    }),
    disclosure: chainText(500, { lines: true })
      .exactOptional()
      .meta({
        description:
          "What customers are told of dealing with an AI before they give it a job (EU AI Act, Article 50), in the agent's card and " +
          `OpenAPI document; a plain sentence if absent: "${STANDARD_DISCLOSURE}"`,
        examples: ["An AI writes this brief. No human checks it."],
      }),
    capability: z
      .strictObject({
        name: chainText(250).meta({
          description: "Short name of the capability.",
          examples: ["market-research"],
        }),
        version: chainText(250).meta({ description: "Version of the capability.", examples: ["1.0.0"] }),
      })
      .meta({
        description: "What the agent can do.",
        examples: [{ name: "market-research", version: "1.0.0" }],
      }),
    tags: z
      .array(tag)
      .min(1)
      .max(14)
      .meta({
        description: "Keywords by which customers find the agent.",
        examples: [["research", "markets"]],
      }),
    author: z
      .strictObject({
        name: chainText(250).meta({ description: "Who offers the agent.", examples: ["Example GmbH"] }),
        contactEmail: z
          .email()
          .max(250)
          .exactOptional()
          .meta({ description: "Email address for customers.", examples: ["agents@example.com"] }),
        contactOther: chainText(250).exactOptional().meta({ description: "Other contact details." }),
        organization: chainText(250).exactOptional().meta({ description: "Organisation behind the author." }),
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
      .meta({ description: "Sample results that customers can look at before they buy." }),
    input: z
      .array(inputField)
      .default([])
      .meta({
        description: "The form that customers fill in: fields of an input_schema as defined in MIP-003.",
        examples: [[{ id: "topic", type: "string", name: "Topic" }]],
      }),
    crew: crewSchema
      .exactOptional()
      .meta({ description: "What the agent runs: a CrewAI crew, declared inline." }),
    build: text(500)
      .exactOptional()
      .meta({
        description:
          "What the agent runs: a folder in the repository. It is a CrewAI project as crewai create crew or crewai create " +
          "flow makes it, or has a crew.py of its own, or a Dockerfile from which the image is built.",
        examples: ["./my-crew"],
      }),
    image: imageByDigest(500)
      .exactOptional()
      .meta({ description: "What the agent runs: a container image, by digest." }),
    url: baseUrl.exactOptional().meta({
      description: "Base URL of the MIP-003 API of an agent that runs elsewhere and is only registered.",
      examples: ["https://agents.example.com/research"],
    }),
    listing: listing.exactOptional(),
    sources: sources.exactOptional(),
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
          .meta({ description: "Randomness of the answers, from 0 (lowest) to 2.", examples: [0.3] }),
        maxTokens: z
          .int()
          .min(1)
          .exactOptional()
          .meta({ description: "Maximum length of the answer to one call, in tokens.", examples: [4000] }),
        embeddings: text(200)
          .exactOptional()
          .meta({
            description:
              "Name of the embedding model for searching documents; text-embedding-3-small if absent.",
            examples: ["text-embedding-3-small"],
          }),
      })
      .default({})
      .meta({
        description: "The model that the crew uses; its address and key come from the stack's configuration.",
      }),
    documents: z
      .array(z.union([text(500), storedDocument]))
      .default([])
      .meta({
        description:
          "The agent's knowledge: Markdown, text, CSV or PDF files, as paths relative to the repository's root, as public " +
          "https links that end in #sha256= and the digest of the file, or as files that are stored in the stack's " +
          "masumi:documents, by their digest. Up to 10 MiB each; PDFs up to 200 MiB if the stack has a bucket or the crew runs " +
          "on this machine.",
        examples: [["docs/handbook.pdf"]],
      }),
    evals: z
      .array(evalSchema)
      .min(1)
      .max(100)
      .exactOptional()
      .meta({
        description:
          "Jobs by which masumi-agents eval judges the agent before it is registered. With masumi:requireEvals in the stack, up " +
          "registers and runs no crew that did not pass all of them as it is declared.",
        examples: [
          [
            {
              name: "Names the market",
              inputs: { topic: "Heat pumps" },
              checks: { contains: ["heat pump"] },
            },
          ],
        ],
      }),
    resources: z
      .strictObject({
        cpu: z
          .literal([256, 512, 1024, 2048, 4096, 8192, 16384])
          .default(512)
          .meta({ description: "CPU units; 1024 are one core." }),
        memory: z.int().min(512).max(122_880).default(1024).meta({ description: "Memory in MiB." }),
        instances: z.int().min(1).max(100).default(1).meta({ description: "Number of containers." }),
        autoscaling: z
          .strictObject({
            max: z
              .int()
              .min(2)
              .max(100)
              .meta({ description: "Maximum number of containers.", examples: [4] }),
            cpuPercent: z
              .int()
              .min(10)
              .max(90)
              .default(60)
              .meta({ description: "CPU utilisation above which more containers are started." }),
          })
          .exactOptional()
          .meta({ description: "Starts more containers under load; AWS only.", examples: [{ max: 4 }] }),
      })
      .prefault({})
      .meta({ description: "Size and number of the agent's containers; ignored by the hosting process." }),
    container: containerSchema.exactOptional().meta({
      description:
        "What an image of your own needs beyond what every container may do (build with a Dockerfile, or image); the plan " +
        "shows it.",
      examples: [{ readOnly: false, capabilities: ["NET_BIND_SERVICE"] }],
    }),
    hosting: z
      .enum(HOSTINGS)
      .exactOptional()
      .meta({
        description: "Where the crew runs, if it differs from the stack's masumi:hosting.",
        examples: ["ecs-express"],
      }),
    secrets: z
      .array(z.enum(SECRET_NAMES))
      .exactOptional()
      .meta({
        description:
          "The stack's keys that an image of your own (image, or build with a Dockerfile) gets, by environment variable; none if " +
          "absent. Crews get what they need by themselves.",
        examples: [["MODEL_KEY", "PAYMENT_KEY"]],
      }),
    payment: z
      .enum(["V1", "V2"])
      .exactOptional()
      .meta({
        description:
          "Type of the wallet that registers the agent; V2 if the stack has such a wallet, otherwise V1. " +
          "V2 registrations can be updated in place; changing a V1 registration means registering again.",
      }),
    wallet: matching(
      /^[0-9a-f]{56}$/,
      "is not a wallet's verification key",
      "write its 56 lower-case hex digits",
    )
      .exactOptional()
      .meta({ description: "Verification key of the configured wallet that must register the agent." }),
    adopt: matching(
      /^c[a-z0-9]{8,31}$/,
      "is not the id of a registration",
      "write its id in the payment service, for example cmwrr…",
    )
      .exactOptional()
      .meta({
        description:
          "Id of an existing registration in the payment service, to take over instead of registering again.",
      }),
    user: text(128, undefined, [withoutControls(false)])
      .exactOptional()
      .meta({
        description:
          "Who the agent belongs to, in words of your own; it is in the stack's outputs and records, on no chain and in no crew.",
      }),
    only: z
      .array(stackName)
      .min(1)
      .exactOptional()
      .meta({
        description: "Stacks that the agent belongs to; every stack if absent.",
        examples: [["preprod", "mainnet"]],
      }),
    overrides: z
      .record(stackName, z.record(z.string(), z.unknown()))
      .default({})
      .meta({
        description:
          "What differs in individual stacks. Maps are merged, anything else is replaced, and null removes a key.",
        examples: [{ mainnet: { pricing: { fixed: ["8 USDM"] } } }],
      }),
  })
  .meta({
    title: "Masumi agent",
    description: "One AI agent: what it runs, what it costs and how it is registered.",
  });

/** An agent as its author wrote it, with one stack's overrides merged and defaults filled in. */
export type Declaration = z.output<typeof declarationSchema>;

/** The keys without which no file is an agent. */
export const NEEDED_KEYS: readonly string[] = (declarationSchema.safeParse({}).error?.issues ?? []).map(
  ({ path }) => String(path[0]),
);
