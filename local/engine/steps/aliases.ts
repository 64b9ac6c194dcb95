import { makeUrn, parseUrn, ROOT_STACK_TYPE, type Urn } from "../urn.ts";
import type { Alias } from "./registration.ts";

interface Named {
  readonly type: string;
  readonly name: string;
  readonly parent: Urn;
  readonly aliases: readonly Alias[];
}

/** What a resource was called in the state, where that is another URN than now. */
export class Aliases {
  readonly #stack: string;
  readonly #project: string;
  /** Former to present. */
  readonly #present = new Map<Urn, Urn>();
  /** Present to former. */
  readonly #former = new Map<Urn, Urn>();

  constructor(stack: string, project: string) {
    this.#stack = stack;
    this.#project = project;
  }

  /** The URN by which a resource of the state is known in this run. */
  presentOf(urn: Urn): Urn {
    return this.#present.get(urn) ?? urn;
  }

  /** Which resource of this run has taken over the URN of the state. */
  takenBy(urn: Urn): Urn | undefined {
    return this.#present.get(urn);
  }

  take(former: Urn, urn: Urn): void {
    this.#present.set(former, urn);
    this.#former.set(urn, former);
  }

  /** Every URN that the resource may have in the state, in the order in which they are looked for; its present one is not among them. */
  candidates(goal: Named): Urn[] {
    const own = goal.aliases.map((alias) => this.#collapse(goal, alias));
    const formerParent = this.#former.get(goal.parent);
    if (formerParent === undefined) return [...new Set(own)];
    // The parent itself has another URN than in the state, so each of these names may stand below the former one.
    const below = [makeUrn(this.#stack, this.#project, goal.parent, goal.type, goal.name), ...own].map(
      (urn) => this.#below(formerParent, goal.parent, urn),
    );
    return [...new Set([...own, ...below])];
  }

  #collapse(goal: Named, alias: Alias): Urn {
    if (alias.urn !== "") return alias.urn;
    const parent = alias.parent === "" ? goal.parent : (this.#former.get(alias.parent) ?? alias.parent);
    const isRoot = alias.noParent || parent === "" || parseUrn(parent).qualifiedType === ROOT_STACK_TYPE;
    return makeUrn(
      alias.stack || this.#stack,
      alias.project || this.#project,
      isRoot ? "" : parent,
      alias.type || goal.type,
      alias.name || goal.name,
    );
  }

  /** A child is often called `<parent>-<something>`; then its name changes with the parent's. */
  #below(formerParent: Urn, parent: Urn, child: Urn): Urn {
    const { type, name } = parseUrn(child);
    const parentName = parseUrn(parent).name;
    const formerName = name.startsWith(parentName)
      ? parseUrn(formerParent).name + name.slice(parentName.length)
      : name;
    return makeUrn(this.#stack, this.#project, formerParent, type, formerName);
  }
}
