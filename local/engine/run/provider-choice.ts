import { EngineError } from "../errors.ts";
import { DYNAMIC_PACKAGE } from "../providers/registry.ts";
import { checkVersion, defaultProviderGoal } from "./request.ts";
import type { ConfigValue } from "../stack/stack-config.ts";
import type { ResourceState } from "../state/resource.ts";
import type { Goal } from "../steps/registration.ts";
import { isProviderType, packageOfType, providerRef, type Urn } from "../urn.ts";
import { makeSecret, type PropertyMap } from "../values.ts";

/** The part of a request that says something of providers. */
interface ProviderWishes {
  getVersion(): string;
  getProvider(): string;
}

interface ProvidersOfComponent {
  getProvidersMap(): { entries(): Iterable<[string, string]> };
}

/**
 * Which provider serves a resource or a function: the one that the program names, the one that a component above it has for the package,
 * else the package's default provider in the version that is asked for, which is registered when it is first needed.
 */
export class ProviderChoice {
  readonly #config: readonly ConfigValue[];
  readonly #register: (goal: Goal) => Promise<ResourceState>;
  /** Of each component: package to reference, with what it has from its parents. */
  readonly #ofComponents = new Map<Urn, ReadonlyMap<string, string>>();
  readonly #defaults = new Map<string, Promise<string>>();

  constructor(config: readonly ConfigValue[], register: (goal: Goal) => Promise<ResourceState>) {
    this.#config = config;
    this.#register = register;
  }

  /** A component was registered: what it says of providers counts for its children. */
  learn(urn: Urn, parent: Urn, request: ProvidersOfComponent): void {
    const inherited = this.#ofComponents.get(parent) ?? new Map<string, string>();
    this.#ofComponents.set(urn, new Map([...inherited, ...request.getProvidersMap().entries()]));
  }

  /** Empty for what has no provider. */
  async forResource(goal: Goal, request: ProviderWishes & ProvidersOfComponent): Promise<string> {
    if (!goal.custom || isProviderType(goal.type)) return "";
    if (goal.provider !== "") return goal.provider;
    const pkg = packageOfType(goal.type);
    const own = new Map(request.getProvidersMap().entries()).get(pkg);
    return own ?? this.#ofComponents.get(goal.parent)?.get(pkg) ?? this.#default(pkg, request.getVersion());
  }

  async forFunction(token: string, request: ProviderWishes & { getParent(): string }): Promise<string> {
    const pkg = packageOfType(token);
    checkVersion(request.getVersion(), token);
    if (request.getProvider() !== "") return request.getProvider();
    return this.#ofComponents.get(request.getParent())?.get(pkg) ?? this.#default(pkg, request.getVersion());
  }

  #default(pkg: string, version: string): Promise<string> {
    this.#refuseIfDisabled(pkg);
    const key = `${pkg} ${version}`;
    const known = this.#defaults.get(key);
    if (known !== undefined) return known;
    const reference = this.#register(defaultProviderGoal(pkg, version, this.#configurationOf(pkg))).then(
      ({ urn, id }) => providerRef(urn, id),
    );
    this.#defaults.set(key, reference);
    return reference;
  }

  /** The dynamic provider gets the whole configuration of the stack, every other one that of its package. */
  #configurationOf(pkg: string): PropertyMap {
    const prefix = pkg === DYNAMIC_PACKAGE ? "" : `${pkg}:`;
    return Object.fromEntries(
      this.#config
        .filter(({ key }) => key.startsWith(prefix))
        .map(({ key, value, secret }) => [key.slice(prefix.length), secret ? makeSecret(value) : value]),
    );
  }

  #refuseIfDisabled(pkg: string): void {
    const setting = this.#config.find(({ key }) => key === "pulumi:disable-default-providers")?.value;
    if (setting === undefined || setting === "") return;
    const disabled: unknown = JSON.parse(setting);
    if (!Array.isArray(disabled) || !disabled.some((name) => name === "*" || name === pkg)) return;
    throw new EngineError(
      "DEFAULT_PROVIDER_DISABLED",
      `The default provider of package "${pkg}" is needed, and pulumi:disable-default-providers forbids it.`,
      "Give the resource a provider of its own, or change that setting.",
    );
  }
}
