import defaultWorld from "../../../local/sandbox/world.default.json" with { type: "json" };
import { V1, V2 } from "./inputs.ts";
import type { Service } from "./service.ts";

/** The release after 0.28: its entries have a type, and some no apiBaseUrl. */
export const NEXT_RELEASE = { ...defaultWorld, version: "0.29" } as const;

const plain = {
  description: "Somebody else's.",
  apiBaseUrl: "https://others.example.com",
  Tags: ["x"],
  state: "RegistrationConfirmed",
};

/** The release after that, which has A2A agents as well. */
export const WITH_A2A = { ...defaultWorld, version: "0.30" } as const;

/** What anybody may have on a node: agents of other types, and entries as no release has shown them yet. */
export const STRANGE_ROWS: readonly Record<string, unknown>[] = [
  { name: "of a later type", type: "Acp", apiBaseUrl: null },
  { name: "openapi", type: "OpenApi", apiBaseUrl: null, openApiSpecUrl: "https://others.example.com/spec" },
  { name: "x402", type: "X402", apiBaseUrl: null, x402ResourcesUrl: "https://others.example.com/x402" },
  { name: "a2a without a card", type: "A2A" },
  { name: "no author", shownAs: { Author: null } },
  { name: "no tags", shownAs: { Tags: null } },
  { name: "no name", shownAs: { name: null } },
  { name: "priced by a rule of 2027", shownAs: { AgentPricing: { pricingType: "Auction" } } },
  { name: "in a state of 2027", shownAs: { state: "RegistrationQuarantined" } },
].map((row) => ({ ...plain, ...row }));

/** How many of them this version does not understand: it waits for the one in an unknown state. */
export const SKIPPED_ROWS = STRANGE_ROWS.filter(
  ({ name }) => !["openapi", "x402", "in a state of 2027"].includes(String(name)),
).length;

/** Adds all of them, of V1 and of V2. */
export async function addStrangeRows(service: Pick<Service, "insert">): Promise<void> {
  for (const { vkey } of [V1, V2]) {
    for (const row of STRANGE_ROWS) await service.insert({ wallet: vkey, ...row });
  }
}
