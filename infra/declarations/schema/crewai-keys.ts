import { flow } from "./flow.ts";
import { TOOLS } from "./crew.ts";
import { isDeclaredModel, LLM_KEYS, underModel } from "./crew-model.ts";
import { fieldFor } from "./input.ts";
import type { KeyGroup, Taken } from "./key-group.ts";

/*
 * The keys of CrewAI (1.15.30) that a declared crew has no use for, and keys that people write elsewhere: each with the reason,
 * which is about a declared crew, and with a way on. What a crew in Python may have (build) is in crew/README.md.
 */

type Remedy = KeyGroup["remedy"];

const refused = (keys: readonly string[], reason: string, remedy: Remedy): KeyGroup => ({
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
  remedy: Remedy,
  ...alsoTaken: readonly Taken[]
): KeyGroup => ({ keys, reason, remedy, taken: [...OFF, ...alsoTaken] });

const BUILD = "package the crew with build";

const secrets = refused(
  ["apiKey", "api_key", "key", "token", "secret", "password", "env", "environment"],
  "secrets and environment variables do not belong in a declaration",
  "set them in the stack's configuration, encrypted",
);

/** What has no effect in a job: logs for whoever watches a terminal, and settings of what is refused by itself. */
const withoutEffect: KeyGroup = {
  ...unlessOff(
    ["verbose", "stream", "create_directory", "max_reasoning_attempts", "planning_llm", "chat_llm"],
    "it has no effect here",
    "remove it",
  ),
  sometimes: { types: ["boolean", "number", "string"] },
};

const llm: KeyGroup = {
  ...unlessOff(LLM_KEYS, "all agents of a crew use the model of the declaration", underModel),
  sometimes: { types: ["string", "number"], when: isDeclaredModel },
};

const embedder = unlessOff(
  ["embedder", "embedder_config"],
  "the stack's model service embeds the documents",
  "remove it, or write model: { embeddings: text-embedding-3-small } at the top level",
);

const knowledge = unlessOff(
  ["knowledge", "knowledge_sources", "knowledge_config"],
  "a declared crew knows the documents of its declaration",
  `list the files under "documents" at the top level, or ${BUILD}`,
);

const inputFiles = unlessOff(
  ["input_files"],
  "a declared crew is given the text of files",
  'list them under "documents" at the top level, or ask the customer for them with an input of type: file',
);

const memory = unlessOff(
  ["memory", "long_term_memory", "short_term_memory", "entity_memory"],
  "a declared crew remembers nothing, and no crew may tell a customer what another one said",
  `remove it; context passes results on, or ${BUILD}, where memory lasts as long as the job`,
);

const thinking = unlessOff(
  ["reasoning", "planning_config"],
  "an agent could plan, and call the model, any number of times before it begins",
  "remove it; split the work into tasks, and pass on results with context",
);

const planning = unlessOff(
  ["planning"],
  "a declared crew does its tasks as they are written, without a plan of the model's",
  "remove it; split the work into tasks, and pass on results with context",
);

const delegation: KeyGroup = {
  ...unlessOff(
    ["allow_delegation"],
    "each step of an agent could start all the steps of another",
    "remove it; with process: hierarchical, a manager delegates",
  ),
  // A manager delegates anyway.
  sometimes: { types: ["boolean"], when: (_key, _value, { isManager = false }) => isManager },
};

const codeExecution = unlessOff(
  ["allow_code_execution"],
  "CrewAI no longer runs what an agent programs",
  `remove it; the tool calculate does arithmetic, or ${BUILD} and a tool of your own`,
);

const code = unlessOff(
  [
    "type",
    "callback",
    "callbacks",
    "step_callback",
    "task_callback",
    "before_kickoff_callbacks",
    "after_kickoff_callbacks",
    "executor_class",
    "converter_cls",
  ],
  "it names code in Python, which a declaration cannot contain",
  `remove it, or ${BUILD}`,
);

const settings = unlessOff(
  ["config", "settings"],
  "it sets other keys a second time",
  "write its keys beside it",
);

const skills = unlessOff(
  ["skills"],
  "it names folders of instructions, which a declared crew does not have",
  `remove it; say in backstory what matters, or ${BUILD}`,
);

const resultClass = unlessOff(
  ["output_pydantic", "response_model"],
  "it names a class in Python, which a declaration cannot contain",
  `write the class's JSON Schema under output_json, or ${BUILD}`,
);

const servers = unlessOff(
  ["mcps", "a2a"],
  "a declared crew talks to no other servers",
  `remove it, or ${BUILD}`,
);

const account = unlessOff(
  ["apps", "from_repository", "share_crew", "tracing"],
  "it needs an account at CrewAI, which an agent does not have",
  "remove it",
);

const outputFile: KeyGroup = {
  ...unlessOff(
    ["output_file"],
    "what a task writes is removed with its job, and the customer gets the last task's result",
    "remove it; if the customer is to have this, too, let the last task include it (context)",
    "",
  ),
  // The last task's result is the answer, whatever file it goes to besides.
  sometimes: { types: ["string"], when: (_key, _value, { isLast = false }) => isLast },
};

const writtenFiles = unlessOff(
  ["output_log_file", "checkpoint"],
  "what a crew writes is removed with its job",
  "remove it; masumi-agents logs shows what happened",
  "",
);

const readFiles = unlessOff(
  ["prompt_file", "trained_agents_file"],
  "it names a file, which a declared crew does not have",
  `remove it, or ${BUILD}`,
  "",
);

const limits = unlessOff(
  ["max_execution_time"],
  "the time of a job is limited as a whole, by the stack",
  "remove it",
);

const retries = unlessOff(
  ["max_retry_limit"],
  "a call of the model that failed is repeated already, and retries of retries multiply",
  "remove it",
);

const runtime = unlessOff(
  ["security_config", "tool_failure_policy"],
  "the runtime sets it for every crew",
  "remove it",
);

const codeMode: KeyGroup = {
  ...unlessOff(["code_execution_mode"], "no agent runs code", "remove it"),
  sometimes: { types: ["string"] },
};

const cache = unlessOff(["cache"], "results of tools are not cached", "remove it");
const cacheOfAgent: KeyGroup = { ...cache, taken: [...OFF, true] };

const templates = unlessOff(
  ["system_template", "prompt_template", "response_template"],
  "the form of the prompts is the runtime's",
  "remove it; say it in role, goal and backstory",
);

const systemPrompt: KeyGroup = {
  ...unlessOff(["use_system_prompt"], "the form of the prompts is the runtime's", "remove it"),
  taken: [null, true],
};

const contextWindow: KeyGroup = {
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
  `remove it, or ${BUILD}`,
);

const dateFormat = unlessOff(
  ["date_format"],
  "inject_date tells the date as 2026-12-31",
  "remove it, or say in backstory how to write dates",
  "%Y-%m-%d",
);

/** CrewAI has no name for an agent but its key, and shows a task's name to nobody but who watches. */
const label: KeyGroup = {
  ...refused(["name"], "the agent's name is its key", "remove it"),
  sometimes: { types: ["string"] },
};

const toolsUnder =
  (agent: string): Remedy =>
  (_key, value) =>
    Array.isArray(value) && value.every((tool) => TOOLS.some((one) => one === tool))
      ? `remove it; write tools: ${flow(value)} under ${agent}`
      : `remove it; an agent may have ${TOOLS.join(", ")}, or ${BUILD} and tools of your own`;

const toolsOfTask = unlessOff(
  ["tools"],
  "here tools belong to agents",
  toolsUnder("the agent that uses them"),
);

/** Keys that CrewAI does not know and passes over without a word, so an author may believe that the model is told. */
const unseen = (keys: readonly string[], place: string) =>
  unlessOff(
    keys,
    "CrewAI has no such key, so no model reads it",
    `write its text under ${place}, or remove it`,
  );

const MOST_RETRIES = 3;

const CREW_GROUPS: readonly KeyGroup[] = [
  withoutEffect,
  llm,
  embedder,
  knowledge,
  inputFiles,
  memory,
  thinking,
  planning,
  code,
  settings,
  skills,
  servers,
  account,
  writtenFiles,
  readFiles,
  limits,
  retries,
  runtime,
];

/** The keys by the map that they are in; `*` is any name or index. */
export const GROUPS: Readonly<Record<string, readonly KeyGroup[]>> = {
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
    { ...toolsOfTask, reason: "tools belong to agents" },
    unlessOff(["inputs"], "the crew's input has a different place", (_key, value) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? `write input: ${flow(Object.keys(value).map(fieldFor))} at the top level`
        : 'declare it under "input" at the top level',
    ),
    refused(["name"], "the crew has the agent's name", "remove it"),
    unlessOff(["max_rpm"], "calls per minute are limited per agent", (key, value) =>
      Number.isInteger(value)
        ? `write ${key}: ${String(value)} under each agent`
        : `write ${key} under each agent`,
    ),
  ],
  "crew.agents.*": [
    secrets,
    ...CREW_GROUPS,
    delegation,
    codeExecution,
    codeMode,
    cacheOfAgent,
    templates,
    systemPrompt,
    contextWindow,
    multimodal,
    dateFormat,
    label,
    unseen(["description", "instructions", "prompt", "system_message", "system_prompt"], "backstory"),
    unlessOff(["tool_names"], "CrewAI calls it tools", toolsUnder("the agent")),
    unlessOff(
      ["guardrail", "guardrail_max_retries"],
      "a guardrail belongs to a task",
      "write it under the task",
    ),
  ],
  "crew.tasks.*": [
    ...CREW_GROUPS,
    resultClass,
    outputFile,
    toolsOfTask,
    unseen(["instructions", "note", "prompt"], "description"),
    unseen(["output_example", "output_format"], "expected_output"),
    unlessOff(
      ["async_execution"],
      "tasks are done one after another, each with the results of those before it",
      "remove it; write context: [] where a task is not to see them",
    ),
    unlessOff(["depends_on", "dependencies"], "CrewAI has another name for it", (_key, value) =>
      Array.isArray(value) ? `write context: ${flow(value)}` : "write context: with a list of earlier tasks",
    ),
    unlessOff(["guardrails"], "a task can have one guardrail", (_key, value) =>
      Array.isArray(value) && value.every((one) => typeof one === "string")
        ? `write guardrail: ${flow(value.join(" "))}`
        : "write guardrail with one text",
    ),
    unlessOff(["max_retries"], "CrewAI has another name for it", (_key, value) =>
      Number.isInteger(value)
        ? `write guardrail_max_retries: ${Math.min(Number(value), MOST_RETRIES)}`
        : "write guardrail_max_retries",
    ),
    unlessOff(["allow_crewai_trigger_context"], "nothing triggers a crew but its customer", "remove it"),
  ],
};
