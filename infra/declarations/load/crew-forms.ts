import { type Node, Pair, Scalar, YAMLMap, YAMLSeq, isMap, isScalar, isSeq } from "yaml";
import { changesNothing } from "../schema/refused-keys.ts";
import { type Complain, type Located, keyOf, mapOf, pairOf, toPlain, without } from "./located.ts";

/*
 * CrewAI's own files may be pasted under `crew`: tasks as a map (what `crewai create` makes), agents as a list with names, and
 * keys that are switched off. The schema and the rules see one form: agents as a map, tasks as a list, and only keys that have
 * an effect.
 */

/** A declaration whose crew has the form that the schema describes. */
export interface InOneForm {
  readonly located: Located;
  /** Whether all agents have names of their own; otherwise nothing can be said about who does which task. */
  readonly isWhole: boolean;
}

type Step = string | number;

/** Agents or tasks in the schema's form. */
interface Group {
  readonly node: unknown;
  /** Returns the step of a path as it is in the file. */
  readonly asWritten: (step: Step) => Step;
  readonly isWhole: boolean;
}

/** Returns the declaration with its crew in the schema's form. Values keep their positions. */
export function inOneForm(located: Located, complain: Complain): InOneForm {
  const crew = pairOf(located.root, "crew")?.value;
  if (!isMap(crew)) return { located, isWhole: true };
  const groups: Readonly<Record<string, Group>> = {
    agents: agentsIn(pairOf(crew, "agents")?.value, complain),
    tasks: tasksIn(pairOf(crew, "tasks")?.value, complain),
  };
  const changed = mapOf(
    crew,
    effective(crew, "crew").items.map((pair) => {
      const group = groups[keyOf(pair)];
      return group ? new Pair(pair.key, group.node) : pair;
    }),
  );
  const root = mapOf(
    located.root,
    located.root.items.map((pair) => (pair.value === crew ? new Pair(pair.key, changed) : pair)),
  );
  return {
    located: {
      ...located,
      root,
      asWritten: (path) => {
        const [top, group, step, ...rest] = path;
        const meant = top === "crew" ? groups[group ?? ""] : undefined;
        return meant && step !== undefined ? ["crew", group ?? "", meant.asWritten(step), ...rest] : path;
      },
    },
    isWhole: Object.values(groups).every(({ isWhole }) => isWhole),
  };
}

const asItIs = (node: unknown): Group => ({ node, asWritten: (step) => step, isWhole: true });

/** Returns a map without the keys that change nothing. */
const effective = (map: YAMLMap, where: string): YAMLMap =>
  mapOf(
    map,
    map.items.filter((pair) => !changesNothing(where, keyOf(pair), toPlain(pair.value))),
  );

function agentsIn(node: unknown, complain: Complain): Group {
  if (isSeq(node)) return agentsByName(node, complain);
  if (!isMap(node)) return asItIs(node);
  const agents = node.items.map(({ key, value }) =>
    isMap(value)
      ? new Pair(key, effective(withoutItsName(value, key), "crew.agents.*"))
      : new Pair(key, value),
  );
  return asItIs(mapOf(node, agents));
}

function agentsByName(list: YAMLSeq, complain: Complain): Group {
  const places = new Map<Step, number>();
  const agents = new YAMLMap();
  if (list.range) agents.range = list.range;
  let isWhole = true;
  for (const [index, item] of list.items.entries()) {
    const path = ["crew", "agents", index];
    const { name, map } = named(item, path, complain);
    if (!map) {
      isWhole = false;
      const remedy = `write - name: ${isScalar(item) ? String(item.value) : "researcher"}, and below it role, goal and backstory`;
      complain(path, "an agent is a map of keys", remedy);
      continue;
    }
    const key = name ?? placed(`agent_${index + 1}`, map);
    if (!name) complain(path, `crew.agents[${index}].name is missing`, "for example name: researcher");
    const isTaken = places.has(String(key.value));
    if (isTaken)
      complain([...path, "name"], `another agent is called "${String(key.value)}"`, "agent names are unique");
    isWhole &&= !isTaken && name !== undefined;
    if (isTaken) continue;
    places.set(String(key.value), index);
    agents.items.push(new Pair(key, effective(without(map, ["name"]), "crew.agents.*")));
  }
  return { node: agents, asWritten: (step) => places.get(step) ?? step, isWhole };
}

function tasksIn(node: unknown, complain: Complain): Group {
  const tasks = new YAMLSeq();
  if (isSeq(node)) {
    tasks.items = node.items.map((item, index) => {
      const { name, map } = named(item, ["crew", "tasks", index], complain);
      return map ? effective(name && !pairOf(map, "name") ? withName(map, name) : map, "crew.tasks.*") : item;
    });
  } else if (isMap(node)) {
    tasks.items = node.items.map(({ key, value }) => {
      if (!isMap(value)) return value;
      const inner = withoutItsName(value, key);
      if (pairOf(inner, "name")) {
        const path = ["crew", "tasks", keyOf({ key } as Pair), "name"];
        complain(path, "the task's name is its key", "remove it, or write it instead of the key", "key");
      }
      return effective(withName(without(inner, ["name"]), key), "crew.tasks.*");
    });
  } else return asItIs(node);
  if (node.range) tasks.range = node.range;
  const keys = isMap(node) ? node.items.map(keyOf) : [];
  return { node: tasks, asWritten: (step) => keys[Number(step)] ?? step, isWhole: true };
}

/** Returns the name of an item of a list, and its keys; complains where they are below the name instead of beside it. */
function named(
  item: unknown,
  path: readonly Step[],
  complain: Complain,
): { readonly name?: Scalar; readonly map?: YAMLMap } {
  if (!isMap(item)) return {};
  const name = pairOf(item, "name")?.value;
  if (isScalar(name) && /^(string|number)$/.test(typeof name.value)) return { name, map: item };
  const [only, ...others] = item.items;
  if (!only || others.length > 0 || !isMap(only.value) || keyOf(only) === "output_json") return { map: item };
  const key = keyOf(only);
  complain(
    [...path, key],
    `"${key}" has its keys below it`,
    `write - name: ${key}, and the keys beside it`,
    "key",
  );
  return { ...(isScalar(only.key) ? { name: only.key } : {}), map: only.value };
}

/** Returns a map without a `name` that only repeats its key. */
const withoutItsName = (map: YAMLMap, key: unknown): YAMLMap =>
  toPlain(pairOf(map, "name")?.value) === toPlain(key) ? without(map, ["name"]) : map;

/** Returns a task with its name; what it lacks is complained of at the name. */
function withName(map: YAMLMap, name: unknown): YAMLMap {
  const task = mapOf(map, [new Pair(new Scalar("name"), name), ...map.items]);
  const { range } = name as Node;
  if (range) task.range = range;
  return task;
}

/** Returns a key for what has none, at its position. */
function placed(text: string, { range }: YAMLMap): Scalar {
  const key = new Scalar(text);
  if (range) key.range = range;
  return key;
}
