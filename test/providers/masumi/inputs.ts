import { MasumiError } from "../../../providers/masumi/service/errors.ts";
import type { ConfirmationInputs, RegistrationInputs } from "../../../providers/masumi/resources/inputs.ts";
import { marker } from "../../../providers/masumi/service/marker.ts";

export const OWNER = "example/agents";
export const V1 = {
  type: "V1",
  vkey: "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db",
  address:
    "addr_test1qq93utfmc6ndumdawn7v8tdy4kgngwtqaglxswrarq4srkmy8c9vmp8mj9dk6hl5skzrmwmpslva9f8ppr372xy7gdjqj8fv88",
} as const;
export const V2 = { type: "V2", vkey: "fa12fbf555d966f84801c66b8e9704b2ea3d81a93d89059bd98d7e32" } as const;
export const EMPTY_V1 = {
  type: "V1",
  vkey: "c5dcc046644e577f84512f111d9670ca763d514478e67bfcd955e313",
} as const;
export const EMPTY_V2 = {
  type: "V2",
  vkey: "f5746caf91305162f4adb1c88b7f36f09224c05d97e911ea95b8cc5d",
} as const;
export const V2_SOURCE = "addr_test1wzs4e6wc95hkwezlccjw9mdvq0r0rsgx6zk34avptga3ftgn37w4g";

export const LISTING = {
  name: "Market Researcher",
  description: "Researches a market.",
  apiBaseUrl: "https://agent.example.com/api",
  capability: { name: "market-research", version: "1.0.0" },
  tags: ["research", "markets"],
  author: { name: "Example GmbH", contactEmail: "agents@example.com" },
  legal: { terms: "https://example.com/terms" },
  pricing: { type: "fixed", prices: [{ amount: "5000000", unit: "" }] },
  exampleOutputs: [{ name: "Brief", url: "https://example.com/brief.pdf", mimeType: "application/pdf" }],
} as const;

type InputChanges = Omit<Partial<RegistrationInputs>, "listing"> & {
  readonly listing?: Partial<RegistrationInputs["listing"]>;
};

/** Inputs of an agent on the V2 wallet, with the given changes. */
export function inputsOf({ listing, ...changes }: InputChanges = {}): RegistrationInputs {
  const agentId = changes.agentId ?? "market-researcher";
  const wallet = changes.wallet ?? V2;
  return {
    agentId,
    marker: marker(OWNER, agentId),
    network: "Preprod",
    wallet,
    ...(wallet.type === "V2" ? { sourceAddress: V2_SOURCE } : {}),
    probe: { allowPrivate: true, timeoutSeconds: 20 },
    resourceUrn: `urn:pulumi:test::masumi::dynamic::${agentId}`,
    ...changes,
    listing: { ...LISTING, ...listing },
  };
}

export const confirmationOf = (
  id: string,
  { wallet, network }: RegistrationInputs,
  changes: Partial<ConfirmationInputs> = {},
): ConfirmationInputs => ({
  registrationId: id,
  revision: "1",
  network,
  walletVkey: wallet.vkey,
  walletType: wallet.type,
  waitMinutes: 0.2,
  resourceUrn: "urn:pulumi:test::masumi::dynamic::confirmation",
  ...changes,
});

/** The error that a promise ends with; fails if it does not end with one. */
export async function failureOf(promise: Promise<unknown>): Promise<MasumiError & { unclear?: boolean }> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) throw new Error(`expected a failure, got ${JSON.stringify(outcome.value)}`);
  if (!(outcome.error instanceof MasumiError)) throw outcome.error;
  return outcome.error;
}
