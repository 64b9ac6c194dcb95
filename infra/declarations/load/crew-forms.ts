import { type Node, Pair, Scalar, YAMLMap, YAMLSeq, isMap, isPair, isScalar, isSeq } from "yaml";
import type { Place } from "../schema/key-group.ts";
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
  const place = { declaration: toPlain(located.root) as Record<string, unknown> };
  const groups: Readonly<Record<string, Group>> = {
    agents: agentsIn(pairOf(crew, "agents")?.value, place, complain),
    tasks: tasksIn(pairOf(crew, "tasks")?.value, place, complain),
  };
  const changed = mapOf(
    crew,
    effective(crew, "crew", place).items.map((pair) => {
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
const effective = (map: YAMLMap, where: string, place: Place): YAMLMap =>
  mapOf(
    map,
    map.items.filter((pair) => !changesNothing(where, keyOf(pair), toPlain(pair.value), place)),
  );

function agentsIn(node: unknown, place: Place, complain: Complain): Group {
  if (isSeq(node)) return agentsByName(node, place, complain);
  if (!isMap(node)) return asItIs(node);
  const agents = node.items.map(
    (pair) =>
      new Pair(pair.key, isMap(pair.value) ? effectiveAgent(keyOf(pair), pair.value, place) : pair.value),
  );
  return asItIs(mapOf(node, agents));
}

function effectiveAgent(name: string, agent: YAMLMap, place: Place): YAMLMap {
  const crew = place.declaration["crew"] as Readonly<Record<string, unknown>>;
  return effective(agent, "crew.agents.*", { ...place, isManager: crew["manager_agent"] === name });
}

function agentsByName(list: YAMLSeq, place: Place, complain: Complain): Group {
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
    agents.items.push(new Pair(key, effectiveAgent(String(key.value), without(map, ["name"]), place)));
  }
  return { node: agents, asWritten: (step) => places.get(step) ?? step, isWhole };
}

function tasksIn(node: unknown, place: Place, complain: Complain): Group {
  if (!isMap(node) && !isSeq(node)) return asItIs(node);
  const written: readonly unknown[] = node.items;
  const tasks = new YAMLSeq();
  tasks.items = written.map((item, index) => {
    const task = isPair(item) ? namedByKey(item) : namedInList(item, ["crew", "tasks", index], complain);
    const isLast = index === written.length - 1;
    return isMap(task) ? effective(task, "crew.tasks.*", { ...place, isLast }) : task;
  });
  if (node.range) tasks.range = node.range;
  const keys = isMap(node) ? node.items.map(keyOf) : [];
  return { node: tasks, asWritten: (step) => keys[Number(step)] ?? step, isWhole: true };
}

/** Returns a task of a map, called by its key; a name beside its keys is only a label in CrewAI. */
const namedByKey = ({ key, value }: Pair): unknown =>
  isMap(value) ? withName(without(value, ["name"]), key) : value;

function namedInList(item: unknown, path: readonly Step[], complain: Complain): unknown {
  const { name, map } = named(item, path, complain);
  return name && map && !pairOf(map, "name") ? withName(map, name) : (map ?? item);
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
