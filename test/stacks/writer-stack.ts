import { startSandbox } from "../../local/sandbox/index.ts";
import { type Project, openProject } from "../../stacks/index.ts";
import { outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";

/** A project that declares one agent, `writer`, which runs elsewhere; its local stack has a sandbox in the test's own process. */
export interface WriterStack extends AsyncDisposable {
  readonly folder: TestProject;
  readonly project: Project;
}

export async function startWriterStack(): Promise<WriterStack> {
  const sandbox = await startSandbox({ chainSpeed: "instant" });
  const outside = await startOutsideAgents();
  const folder = new TestProject();
  folder.useSandbox(sandbox.url);
  folder.write("agents/writer.yaml", outsideAgent("Writer", outside.url));
  return {
    folder,
    project: openProject(folder.root),
    async [Symbol.asyncDispose]() {
      await folder.dispose();
      await sandbox.close();
      await outside.close();
    },
  };
}
