/** Why a key is refused, and what to do instead. */
export interface Refusal {
  readonly reason: string;
  readonly remedy: string;
}

type Group = readonly [keys: readonly string[], reason: string, remedy: string];

const secrets: Group = [
  ["apiKey", "api_key", "key", "token", "secret", "password", "env", "environment"],
  "secrets and environment variables do not belong in a declaration",
  "set them in the stack's configuration, encrypted",
];

const llm: Group = [
  ["llm", "manager_llm", "function_calling_llm", "planning_llm", "chat_llm", "max_tokens"],
  "all agents of a crew use the model of the declaration",
  'set it under "model" at the top level',
];

const knowledge: Group = [
  ["knowledge", "knowledge_sources", "knowledge_config", "embedder", "embedder_config", "input_files"],
  "CrewAI silently continues without sources that it cannot read",
  'list them under "documents" at the top level',
];

const memory: Group = [
  ["memory", "long_term_memory", "short_term_memory", "entity_memory"],
  "memory would leak what one customer said to the next",
  "remove it",
];

const thinking: Group = [
  ["reasoning", "planning", "planning_config", "max_reasoning_attempts", "allow_delegation"],
  "it may call the model any number of times",
  "split the work into tasks, and pass on results with context",
];

const code: Group = [
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
    "output_pydantic",
    "response_model",
    "converter_cls",
    "skills",
  ],
  "it would load or run code, which a declaration cannot contain",
  "remove it, or package your own code with build",
];

const remote: Group = [
  ["mcps", "apps", "a2a", "from_repository", "share_crew", "tracing"],
  "it would connect the crew to services outside its container",
  "remove it",
];

const tools: Group = [["tools"], "tools belong to agents", "write tools under the agent that uses them"];

const files: Group = [
  ["output_file", "create_directory", "output_log_file", "prompt_file", "checkpoint"],
  "it would read or write files in the container, which nobody sees or cleans up",
  "remove it; the last task's result is the answer",
];

const runtime: Group = [
  ["max_execution_time", "max_retry_limit", "max_retries", "verbose", "cache", "stream", "security_config"],
  "the runtime sets it for every crew",
  "remove it",
];

const templates: Group = [
  ["system_template", "prompt_template", "response_template", "use_system_prompt", "multimodal"],
  "it is not supported in this version",
  "describe it in role, goal and backstory",
];

const GROUPS: Readonly<Record<string, readonly Group[]>> = {
  "": [
    secrets,
    [["price", "prices", "cost"], "the price has a different key", "write pricing: { fixed: [5 USDM] }"],
    [["network"], "the stack determines the network", "set masumi:network in the stack's configuration"],
    [
      ["apiBaseUrl", "api_base_url"],
      "the URL has a different key",
      "write url for an agent that runs elsewhere",
    ],
    [
      ["agentIdentifier", "state", "sellingWalletVkey"],
      "the network determines it",
      "remove it; the stack's outputs show it",
    ],
    [["agents", "tasks"], "agents and tasks are part of the crew", "write them under crew"],
  ],
  model: [
    secrets,
    [
      ["base_url", "baseUrl", "api", "url", "provider"],
      "the stack determines where the model is served",
      "set masumi:modelApi",
    ],
  ],
  crew: [
    memory,
    thinking,
    knowledge,
    llm,
    code,
    remote,
    files,
    runtime,
    tools,
    [["inputs"], "the crew's input has a different place", 'declare it under "input" at the top level'],
    [["name"], "the crew has the agent's name", "remove it"],
    [["max_rpm"], "calls per minute are limited per agent", "write max_rpm under the agent"],
  ],
  "crew.agents.*": [secrets, memory, thinking, knowledge, llm, code, remote, files, runtime, templates],
  "crew.tasks.*": [
    [["async_execution"], "tasks are done in order", "remove it"],
    [["guardrails"], "a task can have one guardrail", "write guardrail with one text"],
    [["config"], "it would load code", "remove it"],
    code,
    files,
    tools,
    knowledge,
    runtime,
  ],
};

/** Returns why `key` is refused in a map, or undefined if it is merely unknown; `*` in `where` is any name or index. */
export function refusal(where: string, key: string): Refusal | undefined {
  const group = GROUPS[where]?.find(([keys]) => keys.includes(key));
  return group && { reason: group[1], remedy: group[2] };
}
