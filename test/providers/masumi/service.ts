import { type SandboxOptions, startSandbox } from "../../../local/sandbox/index.ts";
import defaultWorld from "../../../local/sandbox/world.default.json" with { type: "json" };

const V2_SOURCES = defaultWorld.paymentSources.filter(
  ({ paymentSourceType }) => paymentSourceType === "Web3CardanoV2",
);

export const MAINNET_WALLET = {
  type: "V1",
  vkey: "2ed5c6e86852bd58bd35367649d4bf0ce2f73e01456b7c8671c68a97",
} as const;

/** Other worlds than the sandbox's usual one. */
export const WORLDS = {
  "release 0.20": { ...defaultWorld, dialect: "0.20" },
  "release 0.21": { ...defaultWorld, dialect: "0.21" },
  "V2 only": {
    ...defaultWorld,
    keys: defaultWorld.keys.map((key) => ({ ...key, wallets: undefined })),
    paymentSources: V2_SOURCES,
  },
  Mainnet: {
    keys: [{ token: "sandbox-pay-key", permission: "ReadAndPay", networks: ["Mainnet"] }],
    paymentSources: [
      {
        network: "Mainnet",
        paymentSourceType: "Web3CardanoV1",
        policyId: "ad6424e3ce9e47bbd8364984bd731b41de591f1d11f6d7d43d0da9b9",
        smartContractAddress: "addr1wx7j4kmg2cs7yf92uat3ed4a3u97kr7axxr4avaz0lhwdsq87ujx7",
        wallets: [
          {
            type: "Selling",
            vkey: MAINNET_WALLET.vkey,
            address:
              "addr1qyhdt3hgdpft6k9ax5m8vjw5huxw9ae7q9zkklyxw8rg49ujl37cztduumumwrk5rc8zf97hmfyur43z6jwz7rtl2ens6svzuy",
            lovelace: 100_000_000,
          },
        ],
      },
    ],
  },
} as const;

type Json = Record<string, unknown>;

/** The simulated payment service, and what a test may ask of its world. */
export interface Service extends AsyncDisposable {
  readonly url: string;
  rows(): Promise<
    {
      id: string;
      state: string;
      Tags: string[];
      name: string;
      agentIdentifier: string | null;
      createdAt: string;
    }[]
  >;
  requests(): Promise<Record<string, number>>;
  resetRequests(): Promise<void>;
  advance(seconds: number): Promise<void>;
  fault(fault: Json): Promise<void>;
  patch(rowId: string, fields: Json): Promise<void>;
  insert(row: Json): Promise<{ id: string }>;
  /** Moves a token to another holder, or burns it; the service's rows do not learn of it. */
  hold(unit: string | null | undefined, holder: string | null): Promise<void>;
  /** Puts a token on the chain as if it had been minted long ago. */
  put(unit: string, asset: Json): Promise<void>;
  fund(vkey: string, lovelace: number): Promise<void>;
  /** Makes a payment for an agent: ordered, and as far as the fields say. */
  /** Faults that have not happened yet, and how often each still will. */
  faultsLeft(): Promise<number>;
  clearFaults(): Promise<void>;
  /** Ends it; nothing answers until it is started again. */
  stop(): Promise<void>;
  /** On the same port, with what its database has. */
  startAgain(): Promise<void>;
  pay(payment: Json): Promise<{ id: string }>;
  patchPayment(id: string, fields: Json): Promise<void>;
}

export async function startService(options: SandboxOptions = { chainSpeed: "instant" }): Promise<Service> {
  let sandbox = await startSandbox(options);
  const port = Number(new URL(sandbox.url).port);
  const control = async (method: string, path: string, body?: Json): Promise<Json> => {
    const response = await fetch(`http://127.0.0.1:${port}/sandbox${path}`, {
      method,
      // The connection does not outlive the sandbox, which some tests restart.
      headers: { "Content-Type": "application/json", Connection: "close" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const answer = (await response.json()) as Json;
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  return {
    url: `${sandbox.url}/api/v1`,
    rows: async () => (await control("GET", "/rows"))["rows"] as Awaited<ReturnType<Service["rows"]>>,
    requests: async () => (await control("GET", "/requests"))["byRoute"] as Record<string, number>,
    resetRequests: async () => void (await control("DELETE", "/requests")),
    advance: async (advanceSeconds) => void (await control("POST", "/clock", { advanceSeconds })),
    fault: async (fault) => void (await control("POST", "/faults", { faults: [fault] })),
    patch: async (rowId, fields) => void (await control("PATCH", `/rows/${rowId}`, fields)),
    insert: async (row) => (await control("POST", "/rows", row)) as { id: string },
    hold: async (unit, holder) => void (await control("PATCH", `/assets/${unit ?? "none"}`, { holder })),
    put: async (unit, asset) => void (await control("PUT", `/assets/${unit}`, asset)),
    fund: async (vkey, balanceLovelace) =>
      void (await control("PATCH", `/wallets/${vkey}`, { balanceLovelace })),
    faultsLeft: async () =>
      ((await control("GET", "/faults"))["faults"] as { count: number }[]).reduce(
        (sum, { count }) => sum + count,
        0,
      ),
    clearFaults: async () => void (await control("DELETE", "/faults")),
    stop: () => sandbox.close(),
    startAgain: async () => {
      sandbox = await startSandbox({ ...options, port });
    },
    pay: async (payment) => (await control("POST", "/payments", payment)) as { id: string },
    patchPayment: async (id, fields) => void (await control("PATCH", `/payments/${id}`, fields)),
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
}
