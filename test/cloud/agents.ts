/** A declaration of a crew of one, whose every job asks the model once. */
export const agent = (
  name: string,
  changes: { price?: string; task?: string; more?: string } = {},
): string => `${head(name, changes)}
crew:
  agents:
    editor: { role: Editor, goal: Write plainly, backstory: You have edited changelogs for years. }
  tasks:
    - name: write
      agent: editor
      description: ${changes.task ?? "Write release notes for {changes}"}
      expected_output: A short list
`;

/** A declaration of the same kind, whose crew is Python in a folder. */
export const agentInPython = (name: string, folder: string): string => `${head(name)}
build: ${folder}
`;

const head = (name: string, changes: { price?: string; more?: string } = {}): string => `
name: ${name}
description: Turns a list of changes into release notes.
capability: { name: release-notes, version: 1.0.0 }
tags: [writing]
author: { name: Example GmbH }
payment: V2
pricing: ${changes.price ?? "free"}
input: [{ id: changes, type: string, name: Changes }]
${changes.more ?? ""}`;

/** What is in such a folder: a crew that has a package write what it asks the model. */
export const CREW_WITH_A_PACKAGE: Readonly<Record<string, string>> = {
  "requirements.txt": "tabulate==0.8.10\n",
  "crew.py": `
import tabulate
from crewai import Agent, Crew, Task

def crew():
    editor = Agent(role="Editor", goal="Write plainly", backstory="You edit tables.", allow_delegation=False)
    table = tabulate.tabulate([["packed by tabulate " + tabulate.__version__, "{changes}"]])
    return Crew(agents=[editor], tasks=[Task(description=table, expected_output="A table", agent=editor)])
`,
};
