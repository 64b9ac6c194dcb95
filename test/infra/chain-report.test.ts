import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { reportPreview } from "../../infra/chain-report.ts";
import { AgentRegistration } from "../../providers/masumi/index.ts";
import { LISTING, V1 } from "../providers/masumi/inputs.ts";
import { startService } from "../providers/masumi/service.ts";
import { configOf, declare, examine, register } from "./fleet/stack.ts";

/** A preview in which the engine makes the agent's registration anew, as far as the program sees. */
async function previewed(urnsInState: (urn: string) => readonly string[] | undefined): Promise<void> {
  await using service = await startService();
  const declared = (price: string) => declare({ a: { payment: "V1", pricing: { fixed: [price] } } });
  for (const agent of declared("3 ADA")) await register(service.url, agent);
  const { plan } = await examine(service.url, declared("4 ADA"));
  expect(plan.agents).toMatchObject([{ action: "replace" }]);
  let urn = "";
  await pulumi.runtime.setMocks(
    {
      newResource: ({ inputs }) => ({ id: undefined, state: inputs as object }),
      call: () => {
        const urns = urnsInState(urn);
        if (!urns) throw new Error("the engine does not tell");
        return { outputs: Object.fromEntries(urns.map((known) => [known, {}])) };
      },
    },
    "masumi-agents",
    "test",
    true,
    "organization",
  );
  const registration = new AgentRegistration("a", {
    agentId: "a",
    marker: "iac-0123456789abcdef-0123456789abcdef",
    network: "Preprod",
    wallet: V1,
    listing: LISTING,
    probe: { allowPrivate: true },
  });
  urn = await new Promise<string>((told) => registration.urn.apply(told));
  const hosted = new Map(plan.agents.map((planned) => [planned, { registration }]));
  await reportPreview(plan, configOf(service.url), hosted);
}

it("a V1 registration that differs and that no state has is refused by the preview, as by up", async () => {
  await expect(previewed(() => [])).rejects.toThrowError("OWN_REGISTRATION_DIFFERS");
});

it.each([
  ["the state has it", (urn: string) => [urn]],
  ["the engine does not tell what the state has", () => undefined],
])("a replacement is announced where %s", async (_where, urnsInState) => {
  await expect(previewed(urnsInState)).resolves.toBeUndefined();
});
