import { randomBytes } from "node:crypto";
import { initStack, setConfig } from "../../local/engine/index.ts";
import { startSandbox } from "../../local/sandbox/index.ts";
import defaultWorld from "../../local/sandbox/world.default.json" with { type: "json" };
import {
  MasumiClient,
  type OwnRow,
  type WalletType,
  ownRows,
  readRows,
} from "../../providers/masumi/service/index.ts";
import { openProject } from "../../stacks/index.ts";
import { localRun } from "../../stacks/local/local-stack.ts";

interface SellingWallet {
  readonly vkey: string;
  readonly address?: string;
  readonly type: WalletType;
}

/**
 * The payment service that a test of a whole life runs against: a sandbox of its own, or the one that MASUMI_TEST_URL
 * names (Preprod, its base URL ending in /api/v1), with MASUMI_TEST_KEY (ReadAndPay), MASUMI_TEST_RUNTIME_KEY (another one,
 * for crews), MASUMI_TEST_VKEY (a funded V2 selling wallet) and MASUMI_TEST_VKEY_V1 (a funded V1 selling wallet). Such a test may do nothing that
 * only a sandbox could satisfy.
 */
export interface ServiceUnderTest {
  readonly url: string;
  readonly key: string;
  /** The key that crews take payments with. */
  readonly runtimeKey: string;
  readonly wallets: readonly SellingWallet[];
  /** Base URL of a model that answers anything. */
  readonly modelApi: string;
  /** Marks this test's registrations alone. */
  readonly owner: string;
  /** Milliseconds that one step of a life may take, several transactions one after the other included. */
  readonly patienceMs: number;
  readonly client: MasumiClient;
  /** This test's registrations in every state, newest first. */
  rows(): Promise<OwnRow[]>;
  row(id: string): Promise<OwnRow>;
  close(): Promise<void>;
}

/** Makes a project's local stack, on this service; settings are named without masumi:. */
export async function useService(
  project: { readonly root: string },
  service: ServiceUnderTest,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const run = localRun(openProject(project.root), "local");
  await initStack(run);
  const settings = {
    network: "Preprod",
    paymentServiceUrl: service.url,
    owner: service.owner,
    wallets: JSON.stringify(service.wallets),
    allowPrivateUrls: "true",
    modelApi: service.modelApi,
    ...more,
  };
  for (const [key, value] of Object.entries(settings)) await setConfig(run, `masumi:${key}`, value);
  await setConfig(run, "masumi:apiKey", service.key, { secret: true });
  await setConfig(run, "masumi:runtimeKey", service.runtimeKey, { secret: true });
}

/**
 * @param allowedHosts names and addresses by which containers reach this machine
 * @throws if MASUMI_TEST_URL is set and another of the variables is not
 */
export async function startServiceUnderTest(allowedHosts: readonly string[] = []): Promise<ServiceUnderTest> {
  const sandbox = await startSandbox({ chainSpeed: 200, allowedHosts });
  const owner = `test-${randomBytes(6).toString("hex")}`;
  const target = process.env["MASUMI_TEST_URL"] ? realService() : sandboxService(sandbox.url);
  const client = new MasumiClient({ url: target.url, token: target.key });
  const rows = async () => ownRows(await readRows(client, { network: "Preprod" }), owner);
  return {
    ...target,
    modelApi: `${sandbox.url}/model/v1`,
    owner,
    client,
    rows,
    async row(id) {
      const found = (await rows()).find((row) => row.id === id);
      if (!found) throw new Error(`there is no row ${id} of ${owner}`);
      return found;
    },
    close: () => sandbox.close(),
  };
}

type Target = Pick<ServiceUnderTest, "url" | "key" | "runtimeKey" | "wallets" | "patienceMs">;

function realService(): Target {
  const needed = (name: string): string => {
    const value = process.env[name];
    if (!value) throw new Error(`MASUMI_TEST_URL is set, but ${name} is not`);
    return value;
  };
  return {
    url: needed("MASUMI_TEST_URL"),
    key: needed("MASUMI_TEST_KEY"),
    runtimeKey: needed("MASUMI_TEST_RUNTIME_KEY"),
    wallets: [
      { vkey: needed("MASUMI_TEST_VKEY"), type: "V2" },
      { vkey: needed("MASUMI_TEST_VKEY_V1"), type: "V1" },
    ],
    patienceMs: 30 * 60_000,
  };
}

function sandboxService(url: string): Target {
  const wallets = defaultWorld.paymentSources.map(({ paymentSourceType, wallets }): SellingWallet => {
    const wallet = wallets.find(({ type, lovelace }) => type === "Selling" && lovelace > 0);
    if (!wallet) throw new Error(`the default world has no funded ${paymentSourceType} wallet`);
    const { vkey, address } = wallet;
    return { vkey, address, type: paymentSourceType === "Web3CardanoV1" ? "V1" : "V2" };
  });
  const keys = { key: "sandbox-pay-key", runtimeKey: "sandbox-runtime-key" };
  return { url: `${url}/api/v1`, ...keys, wallets, patienceMs: 120_000 };
}
