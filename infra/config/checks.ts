import { clearTextProblems, databaseProblem } from "../hosting/clear-text.ts";
import { type HostingSettings, hostingProblems } from "../hosting/settings.ts";
import { type HostingKind, type HostingsConfig, placeTraits } from "../hosting/traits.ts";
import { mainnetProblems } from "../../providers/masumi/service/rules/mainnet.ts";
import type { StackConfig } from "./schema.ts";

/** Returns what a stack's configuration lacks for a hosting that an agent chose itself; see hostingProblems. */
export const problemsOfHosting = (kind: HostingKind, config: StackConfig): string[] =>
  hostingProblems(kind, hostingSettings(config));

const hostingSettings = (config: StackConfig): HostingSettings => ({
  ...config,
  hasModelApi: config.modelApi !== undefined,
  hasDocumentsKey: config.secrets.includes("documentsKey"),
});

/** Returns what settings that are valid each say wrong together. */
export function crossChecks(config: StackConfig): string[] {
  const problems = hostingProblems(config.hosting, hostingSettings(config));
  problems.push(...mainnetProblems(config));
  problems.push(...wrongTogether(config));
  if (config.secrets.includes("tracesHeaders") && !config.traces) {
    problems.push("masumi:tracesHeaders are for no collector: set masumi:traces, or remove them");
  }
  if (config.ledger && !config.ledger.region && !config.aws.region) {
    problems.push("masumi:ledger.region is missing: set the bucket's region, for example eu-central-1");
  }
  return problems;
}

/** Settings that are there; others may follow. The hostings' maps are there always. */
export type PresentSettings = HostingsConfig & {
  readonly [Name in keyof StackConfig]?: StackConfig[Name] | undefined;
};

/** Returns what is wrong with settings that are valid each, whatever else is set yet. */
export function wrongTogether(config: PresentSettings): string[] {
  const problems = transportProblems(config);
  const besideKeys =
    config.hostings?.filter((kind: HostingKind) => placeTraits(kind, config).runsBesideKeys) ?? [];
  if (config.network === "Mainnet" && besideKeys.length > 0) {
    problems.push(
      `masumi:hostings contains ${besideKeys.join(", ")}, which runs crews beside the keys of the machine that deploys: ` +
        "never on Mainnet",
    );
  }
  const vkeys = (config.wallets ?? []).map(({ vkey }) => vkey);
  for (const repeated of new Set(vkeys.filter((vkey, index) => vkeys.indexOf(vkey) !== index))) {
    problems.push(`masumi:wallets contains ${repeated} twice`);
  }
  return problems;
}

function recordsProblems(url: string | undefined, excepted: readonly string[]): string[] {
  const problem = url && databaseProblem("records", url, excepted, "masumi:recordsCa");
  return problem ? [problem] : [];
}

/** Returns what would go unencrypted, or to a server that nobody has checked, as far as the values are known. */
function transportProblems(config: PresentSettings): string[] {
  const {
    network,
    paymentServiceUrl,
    registryServiceUrl,
    modelApi,
    docker,
    documents,
    ledger,
    traces,
    databaseUrl,
    databaseUrls = {},
    records,
  } = config;
  const isMainnet = network === "Mainnet";
  const excepted = isMainnet ? [] : (config.allowClearText ?? []);
  const databases: [string, string | undefined][] = [
    ["databaseUrl", databaseUrl],
    ...Object.entries(databaseUrls).map(([id, url]): [string, string] => [`databaseUrls.${id}`, url]),
  ];
  return [
    ...(isMainnet && config.allowClearText
      ? ["masumi:allowClearText is not available on Mainnet: remove it"]
      : []),
    ...clearTextProblems(
      {
        paymentServiceUrl,
        registryServiceUrl,
        modelApi,
        "docker.url": docker.url,
        "documents.endpoint": documents?.endpoint,
        "ledger.endpoint": ledger?.endpoint,
        "traces.endpoint": traces?.endpoint,
      },
      excepted,
    ),
    ...databases.flatMap(([name, url]) => (url && databaseProblem(name, url, excepted)) || []),
    ...recordsProblems(records, excepted),
  ];
}
