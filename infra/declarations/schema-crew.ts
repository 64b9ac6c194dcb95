import { z } from "zod";
import { matching, text } from "./texts.ts";

/*
 * A CrewAI crew as data. The keys are an allow-list: what can run code, leave the container, mix customers or call the
 * model without a bound is refused by name (see refused-keys.ts).
 */

const name = matching(
  /^[A-Za-z][A-Za-z0-9_-]*$/,
  "cannot be a name here",
  "begin with a letter, then letters, digits, _ and -",
  100,
);

const crewAgent = z
  .strictObject({
    role: text().meta({ description: "Who the agent is.", examples: ["Senior market analyst"] }),
    goal: text().meta({
      description: "What it works towards. {id} stands for what the customer entered.",
      examples: ["Find out how the market for {topic} develops"],
    }),
    backstory: text().meta({
      description: "Experience and manners that colour its answers.",
      examples: ["You have advised mid-sized companies for fifteen years."],
    }),
    max_iter: z
      .int()
      .min(1)
      .max(25)
      .exactOptional()
      .meta({ description: "Most rounds of thought for one task. The runtime's own limit holds besides." }),
    max_rpm: z.int().min(1).exactOptional().meta({ description: "Most calls of the model in a minute." }),
    inject_date: z.boolean().exactOptional().meta({ description: "Whether the agent is told today's date." }),
  })
  .meta({ description: "One CrewAI agent: a role that the model plays." });

const crewTask = z
  .strictObject({
    name: name.meta({ description: "Name of the task, unique in the crew.", examples: ["research"] }),
    description: text().meta({
      description: "What is to be done. {id} stands for what the customer entered.",
      examples: ["Collect the five most important developments in {topic}."],
    }),
    expected_output: text().meta({
      description: "What a good result looks like.",
      examples: ["A list of five points with one source each."],
    }),
    agent: text().meta({ description: "Name of the agent that does it.", examples: ["researcher"] }),
    context: z
      .array(text())
      .exactOptional()
      .meta({ description: "Names of earlier tasks whose results it reads.", examples: [["research"]] }),
    guardrail: text()
      .exactOptional()
      .meta({
        description:
          "A condition in words that the model checks the result against; one more call each time.",
        examples: ["Every claim names its source."],
      }),
    guardrail_max_retries: z
      .int()
      .min(0)
      .max(3)
      .exactOptional()
      .meta({ description: "How often the task is done again when the guardrail is not met." }),
    markdown: z.boolean().exactOptional().meta({ description: "Whether the result is to be Markdown." }),
  })
  .meta({ description: "One step of the crew's work. Tasks are done in the order in which they stand." });

export const crewSchema = z.strictObject({
  process: z
    .enum(["sequential"], {
      error: "write sequential: a crew led by a manager is not supported in this version",
    })
    .exactOptional()
    .meta({ description: "How the work goes on: one task after the other." }),
  agents: z
    .record(name, crewAgent)
    .refine((agents) => Object.keys(agents).length > 0, {
      error: "names no agent",
      params: { remedy: "give it one: researcher: { role: …, goal: …, backstory: … }" },
    })
    .meta({ description: "The crew's agents by name." }),
  tasks: z
    .array(crewTask)
    .min(1)
    .meta({ description: "The crew's work, in order; the last result is the answer." }),
});

export type DeclaredCrew = z.output<typeof crewSchema>;
