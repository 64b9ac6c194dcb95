import type {
  CheckResponse,
  ConfigureResponse,
  DiffResponse,
  ProviderHandshakeResponse,
} from "@pulumi/pulumi/proto/provider_pb.js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import { dirname } from "node:path";
import { sortedJson } from "../json.ts";
import { toStruct } from "../rpc/struct.ts";
import { nameOf, packageOfProviderType, typeOf, type Urn } from "../urn.ts";
import { annotateSecrets, containsUnknowns, type PropertyMap } from "../values.ts";
import { type ProviderConnection, Unimplemented } from "./connection.ts";
import type { HostProcessOptions } from "./host-process.ts";
import type { CheckFailure, DiffResult } from "./provider.ts";
import { address, bare, type Protocol, received, withoutSecrets } from "./wire.ts";
import { emptyPb, providerPb } from "../rpc/messages.ts";

const HANDSHAKE_TIMEOUT_MILLISECONDS = 30_000;

/** The first words with a new process. Old providers, and the SDK's dynamic one, know no handshake. */
export async function handshake(
  connection: ProviderConnection,
  { launch }: HostProcessOptions,
): Promise<{ protocol: Protocol | undefined; version: string }> {
  const folder = dirname(launch.command);
  const request = new providerPb.ProviderHandshakeRequest();
  request.setEngineAddress(connection.process.engineAddress);
  request.setRootDirectory(folder);
  request.setProgramDirectory(folder);
  request.setConfigureWithUrn(true);
  request.setInvokeWithPreview(true);
  const deadline = (): { deadline: number } => ({ deadline: Date.now() + HANDSHAKE_TIMEOUT_MILLISECONDS });
  const response = await unlessUnimplemented(
    connection.call<ProviderHandshakeResponse>("shake hands", (client, done) =>
      client.handshake(request, connection.noMetadata, deadline(), done),
    ),
  );
  const info = await unlessUnimplemented(
    connection.call<PluginInfo>("tell its version", (client, done) =>
      client.getPluginInfo(new emptyPb.Empty(), connection.noMetadata, deadline(), done),
    ),
  );
  return {
    protocol:
      response === undefined
        ? undefined
        : {
            acceptsSecrets: response.getAcceptSecrets(),
            acceptsResources: response.getAcceptResources(),
            previews: true,
          },
    version: info?.getVersion() ?? "",
  };
}

/** A provider without this method takes every configuration. */
export async function checkConfig(
  connection: ProviderConnection,
  urn: Urn,
  olds: PropertyMap,
  news: PropertyMap,
): Promise<{ inputs: PropertyMap; failures: readonly CheckFailure[] }> {
  const request = address(new providerPb.CheckRequest(), urn);
  request.setOlds(bare(olds));
  request.setNews(bare(news));
  const response = await unlessUnimplemented(
    connection.call<CheckResponse>(`check the configuration ${urn}`, (client, done) =>
      client.checkConfig(request, done),
    ),
  );
  if (response === undefined) return { inputs: news, failures: [] };
  const inputs = received(response.getInputs(), { acceptsSecrets: true }, { urn, like: {}, preview: true });
  return { inputs: annotateSecrets(inputs, news), failures: failuresOf(response.getFailuresList()) };
}

/** A provider without this method has no opinion: a changed configuration is then an update. */
export async function diffConfig(
  connection: ProviderConnection,
  request: {
    readonly urn: Urn;
    readonly oldInputs: PropertyMap;
    readonly oldOutputs: PropertyMap;
    readonly newInputs: PropertyMap;
    readonly ignoreChanges: readonly string[];
  },
): Promise<DiffResult> {
  const message = address(new providerPb.DiffRequest(), request.urn);
  message.setOldInputs(bare(request.oldInputs));
  message.setOlds(bare(request.oldOutputs));
  message.setNews(bare(request.newInputs));
  message.setIgnorechangesList([...request.ignoreChanges]);
  const response = await unlessUnimplemented(
    connection.call<DiffResponse>(`compare the configuration ${request.urn}`, (client, done) =>
      client.diffConfig(message, done),
    ),
  );
  return response === undefined
    ? { changes: "unknown", replaceKeys: [], deleteBeforeReplace: false }
    : diffResult(response);
}

/** undefined: the configuration is not known yet, so the provider was not told anything. */
export async function configure(
  connection: ProviderConnection,
  urn: Urn,
  id: string,
  inputs: PropertyMap,
): Promise<Protocol | undefined> {
  const { version: _version, ...settings } = inputs;
  if (containsUnknowns(settings)) return undefined;
  const request = new providerPb.ConfigureRequest();
  request.setUrn(urn);
  request.setName(nameOf(urn));
  request.setType(typeOf(urn));
  request.setId(id);
  request.setArgs(toStruct(inputs));
  request.setAcceptsecrets(true);
  request.setAcceptresources(true);
  request.setSendsOldInputs(true);
  request.setSendsOldInputsToDelete(true);
  const pkg = packageOfProviderType(typeOf(urn));
  for (const [key, value] of Object.entries(withoutSecrets(settings))) {
    request
      .getVariablesMap()
      .set(`${pkg}:config:${key}`, typeof value === "string" ? value : sortedJson(value));
  }
  const response = await connection.call<ConfigureResponse>(`configure ${urn}`, (client, done) =>
    client.configure(request, done),
  );
  return {
    acceptsSecrets: response.getAcceptsecrets(),
    acceptsResources: response.getAcceptresources(),
    previews: response.getSupportspreview(),
  };
}

export function diffResult(response: DiffResponse): DiffResult {
  const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;
  const { ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE } = providerPb.PropertyDiff.Kind;
  const answer = response.getChanges();
  const replaceKeys = new Set(response.getReplacesList());
  for (const [key, { getKind }] of detailsOf(response)) {
    if ([ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE].includes(getKind())) replaceKeys.add(key);
  }
  return {
    changes: answer === DIFF_NONE ? "none" : answer === DIFF_SOME ? "some" : "unknown",
    replaceKeys: [...replaceKeys],
    deleteBeforeReplace: response.getDeletebeforereplace(),
  };
}

function detailsOf(response: DiffResponse): [string, { getKind: () => number }][] {
  if (!response.getHasdetaileddiff()) return [];
  return [...response.getDetaileddiffMap().entries()].map(([key, diff]) => [
    key,
    { getKind: () => diff.getKind() },
  ]);
}

interface RawFailure {
  getProperty(): string;
  getReason(): string;
}

export const failuresOf = (failures: readonly RawFailure[]): CheckFailure[] =>
  failures.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));

async function unlessUnimplemented<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Unimplemented) return undefined;
    throw error;
  }
}
