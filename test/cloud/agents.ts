/** A declaration of a crew of one, whose every job asks the model once. */
export const agent = (
  name: string,
  changes: { price?: string; task?: string; more?: string } = {},
): string => `
name: ${name}
description: Turns a list of changes into release notes.
capability: { name: release-notes, version: 1.0.0 }
tags: [writing]
author: { name: Example GmbH }
payment: V2
pricing: ${changes.price ?? "free"}
input: [{ id: changes, type: string, name: Changes }]
${changes.more ?? ""}
crew:
  agents:
    editor: { role: Editor, goal: Write plainly, backstory: You have edited changelogs for years. }
  tasks:
    - name: write
      agent: editor
      description: ${changes.task ?? "Write release notes for {changes}"}
      expected_output: A short list
`;
