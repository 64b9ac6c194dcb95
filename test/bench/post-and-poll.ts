import { create } from "axios";

const AT_ONCE = 16;
const PAUSE_MS = 1_000;

interface Listed {
  readonly id: string;
  readonly state: string;
}

/**
 * What somebody would write in an afternoon to register many agents on V2: one POST each, then a look at the list for
 * each until it is confirmed. It knows no lost answers, no duplicates and no limits. For comparison only.
 */
export async function postAndPoll(
  service: { readonly url: string; readonly key: string; readonly vkey: string; readonly source: string },
  names: readonly string[],
): Promise<void> {
  const api = create({
    baseURL: service.url,
    headers: { token: service.key },
    proxy: false,
    timeout: 30_000,
  });
  const register = async (name: string) => {
    const { data } = await api.post<{ data: Listed }>("/registry", {
      network: "Preprod",
      sellingWalletVkey: service.vkey,
      name,
      description: "Answers from elsewhere.",
      apiBaseUrl: "https://agents.example.com",
      Capability: { name: "answering", version: "1.0.0" },
      Author: { name: "Example GmbH" },
      Tags: ["answers"],
      ExampleOutputs: [],
      supportedPaymentSources: [
        {
          chain: "Cardano",
          network: "Preprod",
          paymentSourceType: "Web3CardanoV2",
          address: service.source,
          pricing: { pricingType: "Fixed", fixed: [{ asset: "", amount: "3000000" }] },
        },
      ],
    });
    await confirmed(name, data.data.id);
  };
  const confirmed = async (name: string, id: string) => {
    for (;;) {
      const params = {
        network: "Preprod",
        filterPaymentSourceType: "Web3CardanoV2",
        searchQuery: name,
        limit: 100,
      };
      const { data } = await api.get<{ data: { Assets: Listed[] } }>("/registry", { params });
      if (data.data.Assets.find((row) => row.id === id)?.state === "RegistrationConfirmed") return;
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
  };
  const queue = [...names];
  const worker = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) await register(name);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
