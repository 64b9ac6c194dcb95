import { EngineError } from "../errors.ts";
import { dependencyUrns, type ResourceState } from "../state/resource.ts";
import type { Urn } from "../urn.ts";

/**
 * The resources that a run is limited to, as the CLI's --target names them: URNs, in which `*` stands for a part and `**` for anything.
 */
export class Targets {
  readonly #literals: ReadonlySet<Urn>;
  readonly #patterns: readonly RegExp[];
  /** What depends on a target, or is a child of one, is a target too. */
  readonly withDependents: boolean;
  readonly #included = new Set<Urn>();

  constructor(named: readonly string[] = [], withDependents = false) {
    this.#literals = new Set(named.filter((target) => !target.includes("*")));
    this.#patterns = named.filter((target) => target.includes("*")).map(patternOf);
    this.withDependents = withDependents;
  }

  /** Whether the run is limited at all. */
  get areGiven(): boolean {
    return this.#literals.size + this.#patterns.length > 0;
  }

  /** Whether the resource was named, so that it need not be found by what it depends on. */
  name(urn: Urn): boolean {
    return !this.areGiven || this.#literals.has(urn) || this.#patterns.some((pattern) => pattern.test(urn));
  }

  /** Whether a resource is a target. What it depends on must have been asked about before. */
  include(state: ResourceState): boolean {
    if (!this.areGiven) return true;
    const needsOne = (): boolean =>
      [...dependencyUrns(state), state.parent].some((urn) => this.#included.has(urn));
    const included = this.name(state.urn) || (this.withDependents && needsOne());
    if (included) this.#included.add(state.urn);
    return included;
  }

  /** @throws EngineError TARGET_NOT_FOUND naming every target that is neither in the state nor in the program */
  refuseUnknown(known: ReadonlySet<Urn>): void {
    const unknown = [...this.#literals].filter((urn) => !known.has(urn));
    if (unknown.length === 0) return;
    throw new EngineError(
      "TARGET_NOT_FOUND",
      ["Neither the stack nor the program has these targets:", ...unknown.map((urn) => `  * ${urn}`)].join(
        "\n",
      ),
      "`stack export` shows the URNs that there are. In a shell, quote a URN: it may hold a $.",
    );
  }
}

function patternOf(target: string): RegExp {
  const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`);
  const parts = target.split("**").map((part) => part.split("*").map(literal).join("[^:]*"));
  return new RegExp(`^${parts.join(".*")}$`, "u");
}
