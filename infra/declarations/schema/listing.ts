import { z } from "zod";
import { chainText, matching, ruled } from "./texts.ts";

/** How buyers reach an agent: by MIP-003, or as a document says that the network's registry fetches and checks. */
export const LISTING_TYPES = ["standard", "openapi", "a2a", "x402"] as const;
export type ListingType = (typeof LISTING_TYPES)[number];

const DOCUMENT = /^https?:\/\/[^#@]+$/;

const type = z.enum(LISTING_TYPES);

/** The short form is the type alone. */
export const listing = z
  .union([
    type,
    z.strictObject({
      type: type.meta({ description: "The type of the registry's entry." }),
      document: ruled(chainText(250), {
        test: (value) => DOCUMENT.test(value) && URL.canParse(value),
        wrong: "is not the URL of a document",
        right: "write it in full, for example https://agents.example.com/research/openapi.yaml",
        pattern: DOCUMENT.source,
      })
        .exactOptional()
        .meta({
          description:
            "URL of the document that the registry fetches, for an agent with `url` whose document is not at its usual place: " +
            "/openapi.json, /.well-known/agent-card.json or /.well-known/x402.json below the URL.",
          examples: ["https://agents.example.com/research/openapi.yaml"],
        }),
      protocolVersions: z
        .array(
          matching(/^\d{1,9}\.\d{1,9}$/, "is not a version of A2A", "write major and minor, for example 1.0"),
        )
        .min(1)
        .max(10)
        .exactOptional()
        .meta({
          description: "For a2a alone: versions of A2A that the agent supports; 1.0 if absent.",
          examples: [["1.0"]],
        }),
    }),
  ])
  .meta({
    description:
      "How the registry lists the agent, and what it checks: standard (the MIP-003 API), openapi (an OpenAPI document), a2a (an agent " +
      "card; V2 wallets alone) or x402 (a manifest of resources); standard if absent. The payment service must be newer than 0.28. " +
      "Such a registration cannot be updated in place: a change means registering again.",
    examples: ["openapi", { type: "openapi", document: "https://agents.example.com/research/openapi.yaml" }],
  });
