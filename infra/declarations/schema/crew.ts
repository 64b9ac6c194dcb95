import { z } from "zod";
import { outputSchema } from "./output-schema.ts";
import { matching, text } from "./texts.ts";

/*
 * A CrewAI crew as data. The keys are an allow-list: what could run code, leave the container, mix up customers or call the
 * model without limit is refused by name (see refused-keys.ts).
 */

/* Letters of other languages, too, as in names of Python; as ranges, which editors read with and without the flag u. */
const name = matching(
  /^[A-Za-z\u00C0-\u1FFF\u3040-\uD7FF]([A-Za-z0-9\u00C0-\u1FFF\u3040-\uD7FF ._-]*[A-Za-z0-9\u00C0-\u1FFF\u3040-\uD7FF_-])?$/,
  "is not a valid name",
  "start with a letter, followed by letters, digits, blanks, ., _ and -",
  100,
);

/** The tools that crew/src/crew_runtime/tools has. */
export const TOOLS = ["calculate", "document_search", "fetch_page"] as const;

const KNOWN_TOOLS = `available tools: ${TOOLS.join(", ")}; package your own with build`;

/** What does the work of crewai_tools' commonest here. */
const INSTEAD: readonly (readonly [tools: RegExp, remedy: string])[] = [
  [
    /^(ScrapeWebsite|ScrapeElementFromWebsite|WebsiteSearch|SeleniumScraping)Tool$/,
    "write fetch_page, and the hosts that it may read from under crew.fetch_hosts; or package the crew with build",
  ],
  [
    /^(FileRead|DirectoryRead|DirectorySearch|Rag|(PDF|TXT|CSV|JSON|MDX|DOCX|XML)Search)Tool$/,
    'write document_search, and list the files under "documents" at the top level; or package the crew with build',
  ],
];

const toolInstead = (value: unknown): string =>
  INSTEAD.find(([tools]) => typeof value === "string" && tools.test(value))?.[1] ?? KNOWN_TOOLS;

const host = matching(
  /^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$/,
  "is not a host name",
  "for example docs.example.com, or *.example.com for all its subdomains",
  253,
);

/* `refusedKeys` says where the keys are listed that are taken only in some cases (refused-keys.ts). */
const AGENT = {
  description: "A CrewAI agent: a role that the model plays.",
  refusedKeys: "crew.agents.*",
};
const TASK = {
  description: "One step of the crew's work. Tasks are done in the order in which they are listed.",
  refusedKeys: "crew.tasks.*",
};

const crewAgent = z
  .strictObject({
    role: text().meta({ description: "The agent's role.", examples: ["Senior market analyst"] }),
    goal: text().meta({
      description: "What the agent works towards. {id} is replaced by what the customer entered.",
      examples: ["Find out how the market for {topic} develops"],
    }),
    backstory: text().meta({
      description: "Background and style that shape its answers.",
      examples: ["You have advised mid-sized companies for fifteen years."],
    }),
    max_iter: z.int().min(1).max(25).exactOptional().meta({
      description: "Maximum number of iterations per task. The runtime's own limit applies as well.",
    }),
    max_rpm: z
      .int()
      .min(1)
      .exactOptional()
      .meta({ description: "Maximum number of model calls per minute." }),
    inject_date: z.boolean().exactOptional().meta({ description: "Whether the agent is told today's date." }),
    tools: z
      .array(z.enum(TOOLS, { error: ({ input }) => toolInstead(input) }))
      .exactOptional()
      .meta({
        description:
          "Tools it can use: calculate (arithmetic), document_search (searches this agent's documents), fetch_page " +
          "(reads pages from the hosts in fetch_hosts).",
        examples: [["calculate"]],
      }),
  })
  .meta(AGENT);

const crewTask = z
  .strictObject({
    name: name.meta({ description: "Name of the task, unique in the crew.", examples: ["research"] }),
    description: text().meta({
      description: "What to do. {id} is replaced by what the customer entered.",
      examples: ["Collect the five most important developments in {topic}."],
    }),
    expected_output: text().meta({
      description: "What a good result looks like.",
      examples: ["A list of five points with one source each."],
    }),
    agent: text(undefined, "write the name of an agent")
      .exactOptional()
      .meta({
        description: "Name of the agent that does the task. If it is absent, the manager chooses one.",
        examples: ["researcher"],
      }),
    context: z
      .array(text(undefined, "write the name of a task further up"))
      .exactOptional()
      .meta({
        description: "Names of earlier tasks whose results this task uses.",
        examples: [["research"]],
      }),
    guardrail: text()
      .exactOptional()
      .meta({
        description:
          "A condition in plain language that the model checks the result against; every check is an extra model call.",
        examples: ["Every claim names its source."],
      }),
    guardrail_max_retries: z
      .int()
      .min(0)
      .max(3)
      .exactOptional()
      .meta({ description: "How often the task is repeated if the guardrail is not met." }),
    output_json: outputSchema.exactOptional().meta({
      description:
        "JSON Schema that the result must match, written inline. If it does not match, the task is repeated up to " +
        "guardrail_max_retries times (3 if absent).",
      examples: [{ type: "object", properties: { price: { type: "number" } }, required: ["price"] }],
    }),
    human_input: z
      .boolean()
      .exactOptional()
      .meta({ description: "Whether the customer reviews the draft and can ask for changes." }),
    markdown: z.boolean().exactOptional().meta({ description: "Whether the result should be Markdown." }),
  })
  .meta(TASK);

export const crewSchema = z.strictObject({
  process: z.enum(["sequential", "hierarchical"]).exactOptional().meta({
    description: "sequential: one task after another. hierarchical: a manager assigns each task to an agent.",
  }),
  manager_agent: name.exactOptional().meta({
    description: "Which of the agents manages a hierarchical crew; CrewAI's default manager if absent.",
    examples: ["editor"],
  }),
  fetch_hosts: z
    .array(host)
    .min(1)
    .exactOptional()
    .meta({
      description: "Hosts from which fetch_page may read pages, over http and https.",
      examples: [["docs.example.com"]],
    }),
  agents: z
    .record(name, crewAgent)
    .refine((agents) => Object.keys(agents).length > 0, {
      error: "has no agents",
      params: { remedy: "add one: researcher: { role: …, goal: …, backstory: … }" },
    })
    .meta({
      description: "The crew's agents by name.",
      examples: [{ researcher: { role: "…", goal: "…", backstory: "…" } }],
    }),
  tasks: z
    .array(crewTask)
    .min(1)
    .meta({
      description: "The crew's work, in order; the last task's result is the answer.",
      examples: [[{ name: "research", agent: "researcher", description: "…", expected_output: "…" }]],
    }),
});

/** The forms in which a file may write a crew; load/crew-forms.ts brings them into the one above. */
export const crewAsWritten = crewSchema
  .extend({
    agents: z
      .union([
        crewSchema.shape.agents,
        z
          .array(
            crewAgent
              .extend({
                name: name.meta({ description: "Name of the agent.", examples: ["researcher"] }),
              })
              .meta(AGENT),
          )
          .min(1),
      ])
      .meta(crewSchema.shape.agents.meta() ?? {}),
    tasks: z
      .union([
        crewSchema.shape.tasks,
        z.record(name, crewTask.extend({ name: name.exactOptional() }).meta(TASK)),
      ])
      .meta(crewSchema.shape.tasks.meta() ?? {}),
  })
  .meta({ description: "What the agent runs: a CrewAI crew, declared inline.", refusedKeys: "crew" });

export type DeclaredCrew = z.output<typeof crewSchema>;
