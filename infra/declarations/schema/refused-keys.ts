/** Why a key is refused, and what to do instead. */
export interface Refusal {
  readonly reason: string;
  readonly remedy: string;
}

interface Group {
  readonly keys: readonly string[];
  readonly reason: string;
  readonly remedy: string | ((key: string, value: unknown) => string);
  /** Values with which the key changes nothing here, so that they are taken: switched off, or what the runtime does anyway. */
  readonly taken: readonly Taken[];
}

/** A value with which a key changes nothing; the list is an empty one. */
type Taken = null | boolean | string | readonly never[];

const refused = (keys: readonly string[], reason: string, remedy: Group["remedy"]): Group => ({
  keys,
  reason,
  remedy,
  taken: [],
});

/** A key of CrewAI that is not set or switched off. */
const OFF = [null, false, []] as const;

const unlessOff = (
  keys: readonly string[],
  reason: string,
  remedy: Group["remedy"],
  ...alsoTaken: readonly Taken[]
): Group => ({ keys, reason, remedy, taken: [...OFF, ...alsoTaken] });

const secrets = refused(
  ["apiKey", "api_key", "key", "token", "secret", "password", "env", "environment"],
  "secrets and environment variables do not belong in a declaration",
  "set them in the stack's configuration, encrypted",
);

/** What CrewAI's keys about the model are called under `model`. */
const MODEL_KEYS: Readonly<Record<string, string>> = {
  llm: "name",
  model: "name",
  temperature: "temperature",
  max_tokens: "maxTokens",
};

function underModel(key: string, value: unknown): string {
  const ours = MODEL_KEYS[key];
  // CrewAI's prefix for the API that every model has here.
  const text = String(value).replace(/^openai\//, "");
  if (ours === undefined || !/^[\w./:-]+$/.test(text)) return 'set it under "model" at the top level';
  return `write model: { ${ours}: ${text} } at the top level`;
}

const llm = unlessOff(
  [
    "llm",
    "model",
    "temperature",
    "max_tokens",
    "manager_llm",
    "function_calling_llm",
    "planning_llm",
    "chat_llm",
  ],
  "all agents of a crew use the model of the declaration",
  underModel,
);

const embedder = unlessOff(
  ["embedder", "embedder_config"],
  "the stack's model service embeds the documents",
  "remove it, or write model: { embeddings: text-embedding-3-small } at the top level",
);

const knowledge = unlessOff(
  ["knowledge", "knowledge_sources", "knowledge_config", "input_files"],
  "CrewAI silently continues without sources that it cannot read",
  'list them under "documents" at the top level',
);

const memory = unlessOff(
  ["memory", "long_term_memory", "short_term_memory", "entity_memory"],
  "memory would leak what one customer said to the next",
  "remove it",
);

const thinking = unlessOff(
  ["reasoning", "planning", "planning_config", "max_reasoning_attempts"],
  "it may call the model any number of times",
  "split the work into tasks, and pass on results with context",
);

const delegation = unlessOff(
  ["allow_delegation"],
  "agents that delegate to each other may call the model any number of times",
  "remove it; with process: hierarchical, a manager delegates",
);

const code = unlessOff(
  [
    "allow_code_execution",
    "code_execution_mode",
    "type",
    "settings",
    "config",
    "callback",
    "callbacks",
    "step_callback",
    "task_callback",
    "before_kickoff_callbacks",
    "after_kickoff_callbacks",
    "executor_class",
    "converter_cls",
    "skills",
  ],
  "it would load or run code, which a declaration cannot contain",
  "remove it, or package your own code with build",
  "safe",
);

const resultClass = unlessOff(
  ["output_pydantic", "response_model"],
  "it names a class in Python, which a declaration cannot contain",
  "write the class's JSON Schema under output_json",
);

const remote = unlessOff(
  ["mcps", "apps", "a2a", "from_repository", "share_crew", "tracing"],
  "it would connect the crew to services outside its container",
  "remove it",
);

const tools = unlessOff(["tools"], "tools belong to agents", "write tools under the agent that uses them");

const files = unlessOff(
  ["output_file", "output_log_file", "prompt_file", "checkpoint", "trained_agents_file"],
  "it would read or write files in the container, which nobody sees or cleans up",
  "remove it; the last task's result is the answer",
  "",
);

const runtime = unlessOff(
  ["max_execution_time", "max_retry_limit", "verbose", "stream", "security_config", "tool_failure_policy"],
  "the runtime sets it for every crew",
  "remove it",
);

const cache = unlessOff(["cache"], "results of tools are not cached", "remove it");
const cacheOfAgent: Group = { ...cache, taken: [...OFF, true] };

const templates = unlessOff(
  ["system_template", "prompt_template", "response_template"],
  "the form of the prompts is the runtime's",
  "say it in role, goal and backstory",
);

const systemPrompt: Group = {
  ...unlessOff(["use_system_prompt"], "the form of the prompts is the runtime's", "remove it"),
  taken: [null, true],
};

const contextWindow: Group = {
  ...unlessOff(
    ["respect_context_window", "use_better_compaction"],
    "without it, a job would fail as soon as its texts are too long for the model",
    "remove it",
  ),
  taken: [null, true],
};

const multimodal = unlessOff(
  ["multimodal"],
  "a declared crew gets the text of files, not pictures",
  "remove it, or package your own code with build",
);

const dateFormat = unlessOff(
  ["date_format"],
  "inject_date tells the date as 2026-12-31",
  "remove it, or say in backstory how to write dates",
  "%Y-%m-%d",
);

const CREW_GROUPS = [code, remote, files, runtime, memory, thinking, knowledge, embedder, llm] as const;

const GROUPS: Readonly<Record<string, readonly Group[]>> = {
  "": [
    secrets,
    refused(
      ["price", "prices", "cost"],
      "the price has a different key",
      "write pricing: { fixed: [5 USDM] }",
    ),
    refused(
      ["network"],
      "the stack determines the network",
      "set masumi:network in the stack's configuration",
    ),
    refused(
      ["apiBaseUrl", "api_base_url"],
      "the URL has a different key",
      "write url for an agent that runs elsewhere",
    ),
    refused(
      ["agentIdentifier", "state", "sellingWalletVkey"],
      "the network determines it",
      "remove it; the stack's outputs show it",
    ),
    refused(["agents", "tasks"], "agents and tasks are part of the crew", "write them under crew"),
  ],
  model: [
    secrets,
    refused(
      ["base_url", "baseUrl", "api", "url", "provider"],
      "the stack determines where the model is served",
      "set masumi:modelApi",
    ),
  ],
  crew: [
    ...CREW_GROUPS,
    cache,
    tools,
    unlessOff(
      ["inputs"],
      "the crew's input has a different place",
      'declare it under "input" at the top level',
    ),
    refused(["name"], "the crew has the agent's name", "remove it"),
    unlessOff(["max_rpm"], "calls per minute are limited per agent", "write max_rpm under the agent"),
  ],
  "crew.agents.*": [
    secrets,
    ...CREW_GROUPS,
    delegation,
    cacheOfAgent,
    templates,
    systemPrompt,
    contextWindow,
    multimodal,
    dateFormat,
    refused(["name"], "the agent's name is its key", "remove it"),
    unlessOff(
      ["guardrail", "guardrail_max_retries"],
      "a guardrail belongs to a task",
      "write it under the task",
    ),
  ],
  "crew.tasks.*": [
    ...CREW_GROUPS,
    resultClass,
    tools,
    unlessOff(["async_execution"], "tasks are done in order", "remove it"),
    unlessOff(["create_directory"], "no task writes files", "remove it", true),
    unlessOff(["guardrails"], "a task can have one guardrail", "write guardrail with one text"),
    unlessOff(["max_retries"], "CrewAI has another name for it", "write guardrail_max_retries"),
    unlessOff(["allow_crewai_trigger_context"], "nothing triggers a crew but its customer", "remove it"),
  ],
};

const groupOf = (where: string, key: string) => GROUPS[where]?.find(({ keys }) => keys.includes(key));

/** Returns why `key` is refused in a map, or undefined if it is merely unknown; `*` in `where` is any name or index. */
export function refusal(where: string, key: string, value: unknown): Refusal | undefined {
  const group = groupOf(where, key);
  if (!group) return undefined;
  const { reason, remedy } = group;
  return { reason, remedy: typeof remedy === "string" ? remedy : remedy(key, value) };
}

/** Returns whether a key that is otherwise refused changes nothing with this value. */
export function changesNothing(where: string, key: string, value: unknown): boolean {
  const written = JSON.stringify(value);
  return groupOf(where, key)?.taken.some((taken) => JSON.stringify(taken) === written) ?? false;
}

/** Returns the keys of a map that are taken with certain values, and otherwise refused. */
export const takenKeys = (where: string): readonly Omit<Group, "remedy">[] =>
  (GROUPS[where] ?? []).filter(({ taken }) => taken.length > 0);
