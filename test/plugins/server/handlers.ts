import type {
  CheckRequest,
  ConfigureRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  InvokeRequest,
  ReadRequest,
  UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { fromStruct, toStruct } from "../../../local/engine/rpc/struct.ts";
import { UNKNOWN, containsUnknowns, deepEquals, makeSecret } from "../../../local/engine/values.ts";
import { type Problem, differenceOf, problemsOf, withName } from "./inputs.ts";
import { NotReady, type Package, type PropertyMap, type ResourceType, type Work } from "./package.ts";

type Handlers = Readonly<Record<string, (request: never) => Promise<unknown>>>;

const SEED_BYTES = 4;
const SEED_DIGITS = 7;

/**
 * The methods of a provider. It says that it takes no secrets, as the real ones do: the engine then sends bare values and marks what
 * comes back for inputs that are secret.
 */
export function handlersOf<Client, C extends z.ZodObject>(
  plugin: Package<Client, C>,
  log: (urn: string, message: string) => void,
): Handlers {
  let client: Client | undefined;
  const cancelled = new AbortController();

  const connected = (): Client => {
    if (client === undefined) throw new Error(`the plugin ${plugin.name} of the tests is not configured`);
    return client;
  };
  const known = <T>(kind: string, token: string, table: Readonly<Record<string, T>>): T => {
    const found = table[token];
    if (found === undefined)
      throw new Error(`the plugin ${plugin.name} of the tests knows no ${kind} ${token}`);
    return found;
  };
  const typeOf = (request: Addressed): ResourceType<Client> =>
    known("resource", tokenOf(request), plugin.resources);
  const workOn = (request: Addressed, seconds = 0): Work<Client> => ({
    client: connected(),
    name: nameOf(request),
    signal:
      seconds > 0
        ? AbortSignal.any([cancelled.signal, AbortSignal.timeout(seconds * 1000)])
        : cancelled.signal,
    log: (message) => log(request.getUrn(), message),
  });

  return {
    async handshake() {
      return new providerPb.ProviderHandshakeResponse();
    },

    async getPluginInfo() {
      return new pluginPb.PluginInfo().setVersion(plugin.version);
    },

    async checkConfig(request: CheckRequest) {
      const news = fromStruct(request.getNews());
      return checked(news, problemsOf(plugin.config, settingsOf(news)));
    },

    async diffConfig(request: DiffRequest) {
      const [olds, news] = [fromStruct(request.getOldInputs()), fromStruct(request.getNews())];
      const changed = JSON.stringify(olds) !== JSON.stringify(news);
      return new providerPb.DiffResponse().setChanges(changes(changed));
    },

    async configure(request: ConfigureRequest) {
      client = plugin.connect(plugin.config.parse(settingsOf(fromStruct(request.getArgs()))));
      return new providerPb.ConfigureResponse().setSupportspreview(true);
    },

    async check(request: CheckRequest) {
      const type = typeOf(request);
      const [olds, given] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
      const news = withName(type, given, { name: nameOf(request), olds, seed: seedOf(request) });
      const problems = problemsOf(type.inputs, news);
      if (problems.length > 0) return checked(news, problems);
      return checked((await type.complete?.(news, workOn(request))) ?? news, []);
    },

    async diff(request: DiffRequest) {
      const type = typeOf(request);
      const [olds, news] = [fromStruct(request.getOldInputs()), fromStruct(request.getNews())];
      const { changed, replacing } = differenceOf(type, olds, news, request.getIgnorechangesList());
      const response = new providerPb.DiffResponse().setChanges(changes(changed.length > 0));
      response.setDiffsList([...changed]);
      response.setReplacesList([...replacing]);
      return response.setDeletebeforereplace(type.deleteBeforeReplace ?? false);
    },

    async create(request: CreateRequest) {
      const type = typeOf(request);
      const inputs = fromStruct(request.getProperties());
      const response = new providerPb.CreateResponse();
      if (request.getPreview()) return response.setProperties(toStruct({ ...inputs, ...unknown(type) }));
      const { id, outputs } = await whole(type, inputs, () =>
        type.create(type.inputs.parse(inputs), workOn(request, request.getTimeout())),
      );
      return response.setId(id).setProperties(stateOf(type, inputs, outputs));
    },

    async read(request: ReadRequest) {
      const type = typeOf(request);
      const [inputs, state] = [fromStruct(request.getInputs()), fromStruct(request.getProperties())];
      const known = parsed(type, inputs, state);
      const found = await type.read(request.getId(), known, workOn(request));
      const response = new providerPb.ReadResponse();
      if (found === undefined) return response;
      const present = changedIn(inputs, known.inputs as PropertyMap, found.inputs as PropertyMap);
      response.setInputs(toStruct(present));
      return response.setId(request.getId()).setProperties(stateOf(type, present, found.outputs));
    },

    async update(request: UpdateRequest) {
      const type = typeOf(request);
      const [inputs, olds] = [fromStruct(request.getNews()), fromStruct(request.getOldInputs())];
      const state = fromStruct(request.getOlds());
      const response = new providerPb.UpdateResponse();
      if (request.getPreview()) {
        const kept = outputsIn(type, state);
        return response.setProperties(toStruct({ ...inputs, ...kept, ...unknown(type, type.renewed ?? []) }));
      }
      const update = type.update?.bind(type);
      if (update === undefined)
        throw new Error(`${tokenOf(request)} cannot be updated in the plugin of the tests`);
      const [id, news] = [request.getId(), type.inputs.parse(inputs)];
      const old = parsed(type, olds, state);
      const work = workOn(request, request.getTimeout());
      const outputs = await whole(type, inputs, () => update(id, news, old, work));
      return response.setProperties(stateOf(type, inputs, outputs));
    },

    async delete(request: DeleteRequest) {
      const type = typeOf(request);
      const old = parsed(type, fromStruct(request.getOldInputs()), fromStruct(request.getProperties()));
      await type.delete(request.getId(), old, workOn(request, request.getTimeout()));
      return new emptyPb.Empty();
    },

    async invoke(request: InvokeRequest) {
      const invoke = known("function", request.getTok(), plugin.invokes);
      const args = fromStruct(request.getArgs());
      const problems = problemsOf(invoke.inputs, args);
      const response = new providerPb.InvokeResponse();
      if (problems.length > 0) return response.setFailuresList(problems.map(checkFailure));
      const work = {
        client: connected(),
        signal: cancelled.signal,
        log: (message: string) => log("", message),
      };
      return response.setReturn(
        toStruct(sealed(await invoke.run(invoke.inputs.parse(args), work), invoke.secrets)),
      );
    },

    async cancel() {
      cancelled.abort(new Error("the run was cancelled"));
      return new emptyPb.Empty();
    },
  };
}

interface Addressed {
  getUrn(): string;
}

/** A URN ends with the chain of types, of which the last is the resource's own, and the name. */
function tokenOf(request: Addressed): string {
  const [, , types = ""] = request.getUrn().slice("urn:pulumi:".length).split("::");
  return types.slice(types.lastIndexOf("$") + 1);
}

const nameOf = (request: Addressed): string => request.getUrn().split("::").slice(3).join("::");

/** The engine's seed is the same for a preview and what follows it. */
function seedOf(request: CheckRequest): string {
  const seed = request.getRandomseed_asU8();
  return Buffer.from(seed.length > 0 ? seed : randomBytes(SEED_BYTES))
    .toString("hex")
    .slice(0, SEED_DIGITS);
}

/** What the engine adds is none of the package's settings; and it sends each as a text. */
function settingsOf({ version: _version, ...settings }: PropertyMap): PropertyMap {
  return settings;
}

const changes = (some: boolean) =>
  some ? providerPb.DiffResponse.DiffChanges.DIFF_SOME : providerPb.DiffResponse.DiffChanges.DIFF_NONE;

function checkFailure({ property, reason }: Problem) {
  return new providerPb.CheckFailure().setProperty(property).setReason(reason);
}

function checked(inputs: PropertyMap, problems: readonly Problem[]) {
  const response = new providerPb.CheckResponse().setInputs(toStruct(inputs));
  return response.setFailuresList(problems.map(checkFailure));
}

const outputNames = <Client>({ outputs }: ResourceType<Client>): string[] => Object.keys(outputs.shape);

const unknown = <Client>(
  type: ResourceType<Client>,
  names = outputNames(type) as readonly string[],
): PropertyMap => Object.fromEntries(names.map((name) => [name, UNKNOWN]));

const outputsIn = <Client>(type: ResourceType<Client>, state: PropertyMap): PropertyMap =>
  Object.fromEntries(outputNames(type).map((name) => [name, state[name] ?? null]));

/** What an earlier run left in the state; what it could not finish may lack outputs. */
function parsed<Client>(type: ResourceType<Client>, inputs: PropertyMap, state: PropertyMap) {
  return {
    inputs: type.inputs.parse(inputs),
    outputs: type.outputs.partial().parse(outputsThere(type, state)),
  };
}

const outputsThere = <Client>(type: ResourceType<Client>, state: PropertyMap): PropertyMap =>
  Object.fromEntries(Object.entries(outputsIn(type, state)).filter(([, value]) => value !== null));

/** Inputs as they were given, but for those that are not as they were known: defaults that nobody gave are no drift. */
function changedIn(given: PropertyMap, known: PropertyMap, found: PropertyMap): PropertyMap {
  const changed = Object.entries(found).filter(([key, value]) => !deepEquals(value, known[key] ?? null));
  return { ...given, ...Object.fromEntries(changed) };
}

const sealed = (properties: PropertyMap, secrets: readonly string[] = []): PropertyMap =>
  Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [
      key,
      secrets.includes(key) ? makeSecret(value) : value,
    ]),
  );

function stateOf<Client>(
  type: ResourceType<Client>,
  inputs: PropertyMap,
  outputs: Readonly<Record<string, unknown>>,
) {
  return toStruct({ ...inputs, ...sealed(outputs as PropertyMap, type.secrets) });
}

/** Nothing is made of what is not known yet; and what is only half made is told with its inputs, as everything else is. */
async function whole<Client, T>(
  type: ResourceType<Client>,
  inputs: PropertyMap,
  make: () => Promise<T>,
): Promise<T> {
  if (containsUnknowns(inputs)) throw new Error("an input is not known yet, and this is no preview");
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    const outputs = { ...inputs, ...sealed(error.outputs as PropertyMap, type.secrets) };
    throw new NotReady(error.id, outputs, error.message, { cause: error });
  }
}
