import { flow } from "./flow.ts";
import type { Place } from "./key-group.ts";

/*
 * CrewAI gives each agent its own model; here all agents of a crew use the declaration's. A pasted crew whose agents agree with
 * it is taken; otherwise the remedy is the `model` that the crew's own keys amount to.
 */

/** What CrewAI's keys about the model are called under `model`. */
const MODEL_KEYS: Readonly<Record<string, string>> = {
  llm: "name",
  model: "name",
  model_name: "name",
  manager_llm: "name",
  function_calling_llm: "name",
  temperature: "temperature",
  llm_temperature: "temperature",
  max_tokens: "maxTokens",
};

/** The keys of CrewAI that set a model, or how it answers; those of agents count before those of the crew. */
export const LLM_KEYS = [
  "llm",
  "model",
  "temperature",
  "llm_temperature",
  "max_tokens",
  "manager_llm",
  "function_calling_llm",
];

/** What CrewAI puts before a model's name to say who serves it (crewai/llm.py, and what LiteLLM adds). */
const PROVIDER =
  /^(openai|anthropic|claude|azure|azure_openai|google|gemini|bedrock|aws|openrouter|deepseek|ollama|ollama_chat|hosted_vllm|cerebras|dashscope|snowflake|deepinfra|groq|mistral|vertex_ai|together_ai|nvidia_nim|watsonx|xai)\//;

type Settings = Readonly<Record<string, unknown>>;

/** Returns whether a key says what the declaration's `model` says, too. */
export function isDeclaredModel(key: string, value: unknown, { declaration }: Place): boolean {
  const wanted = Object.entries(settingsOf(key, value));
  const declared = mapIn(declaration["model"]);
  return (
    wanted.length > 0 && wanted.every(([name, one]) => one === declared[name] || value === declared[name])
  );
}

/** Returns the remedy for a key about the model. */
export function underModel(key: string, value: unknown, { declaration }: Place): string {
  const wanted = Object.entries(settingsOf(key, value));
  const model = modelOf(declaration);
  if (wanted.length === 0 || Object.keys(model).length === 0) return 'set it under "model" at the top level';
  return wanted.some(([name, one]) => model[name] === one && mapIn(declaration["model"])[name] !== one)
    ? `write model: ${flow(model)} at the top level`
    : `remove it; model: ${flow(model)} is for all agents`;
}

/** Returns the declared model, completed by what the crew says of it first. */
function modelOf(declaration: Settings): Settings {
  const crew = mapIn(declaration["crew"]);
  const [agents, tasks] = [crew["agents"], crew["tasks"]].map((group) =>
    Object.values(group ?? {}).map(mapIn),
  );
  const found = [...(agents ?? []), ...(tasks ?? []), crew].flatMap((map) =>
    LLM_KEYS.map((key) => settingsOf(key, map[key])),
  );
  // Of settings that contradict each other, the first remains.
  const { name, ...rest } = Object.assign({}, ...found.toReversed(), mapIn(declaration["model"])) as Settings;
  return name === undefined ? rest : { name, ...rest };
}

/** Returns what a key of CrewAI is under `model`; a model may also be a map of such keys. */
function settingsOf(key: string, value: unknown): Settings {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.assign(
      {},
      ...Object.entries(value).map(([inner, one]) => settingsOf(inner, one)),
    ) as Settings;
  }
  const name = MODEL_KEYS[key];
  if (name === undefined) return {};
  if (name !== "name") return typeof value === "number" ? { [name]: value } : {};
  const isName = typeof value === "string" && /^[\w./:@-]+$/.test(value);
  return isName ? { name: value.replace(PROVIDER, "") } : {};
}

const mapIn = (value: unknown): Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Settings) : {};
