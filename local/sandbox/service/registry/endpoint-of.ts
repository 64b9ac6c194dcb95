import type { Listing } from "../../store/listing.ts";
import type { PaymentSource } from "../../world.ts";
import { badRequest } from "../errors.ts";
import type { RegistrationContent } from "./registration-schema.ts";

const URL_OF = { Standard: "apiBaseUrl", OpenApi: "openApiSpecUrl", X402: "x402ResourcesUrl" } as const;

type Endpoint = Pick<
  Listing,
  "type" | "apiBaseUrl" | "openApiSpecUrl" | "x402ResourcesUrl" | "a2aAgentCardUrl" | "a2aProtocolVersions"
>;

/**
 * How an agent is reached: it has the URL of its type and no other, an A2A agent two; before 0.29 every agent is a standard one. What
 * the service does before it registers an A2A agent, which is to fetch its card, is left out: the agents here are on this machine,
 * where it would not look.
 */
export function endpointOf(input: RegistrationContent, { paymentSourceType }: PaymentSource): Endpoint {
  const { type = "Standard" } = input;
  if (type === "A2A") return a2aEndpointOf(input, paymentSourceType);
  if (input.a2aAgentCardUrl !== undefined)
    throw badRequest(`a2aAgentCardUrl is not valid for a ${type} agent`);
  if (input.a2aProtocolVersions !== undefined) {
    throw badRequest(`a2aProtocolVersions is not valid for a ${type} agent`);
  }
  const required = URL_OF[type];
  if (input[required] === undefined) throw badRequest(`${type} agents require ${required}`);
  const surplus = Object.values(URL_OF).find((name) => name !== required && input[name] !== undefined);
  if (surplus) throw badRequest(`${surplus} is not valid for a ${type} agent; use ${required}`);
  const { apiBaseUrl = null, openApiSpecUrl, x402ResourcesUrl } = input;
  return {
    apiBaseUrl,
    ...(type === "Standard" ? {} : { type, openApiSpecUrl, x402ResourcesUrl }),
  };
}

function a2aEndpointOf(
  input: RegistrationContent,
  paymentSourceType: PaymentSource["paymentSourceType"],
): Endpoint {
  const { apiBaseUrl, a2aAgentCardUrl, a2aProtocolVersions, openApiSpecUrl, x402ResourcesUrl } = input;
  if (apiBaseUrl === undefined) throw badRequest("A2A agents require apiBaseUrl");
  if (a2aAgentCardUrl === undefined) throw badRequest("A2A agents require a2aAgentCardUrl");
  if (a2aProtocolVersions === undefined)
    throw badRequest("A2A agents require a non-empty a2aProtocolVersions");
  const surplus = Object.entries({ openApiSpecUrl, x402ResourcesUrl }).find(([, url]) => url !== undefined);
  if (surplus)
    throw badRequest(`${surplus[0]} is not valid for an A2A agent; use apiBaseUrl and a2aAgentCardUrl`);
  if (paymentSourceType === "Web3CardanoV1") throw badRequest("A2A agents require a V2 payment source");
  return { type: "A2A", apiBaseUrl, a2aAgentCardUrl, a2aProtocolVersions };
}
