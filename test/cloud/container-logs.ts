import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** As ECS names a task's container, for the name of its log. */
const FAMILY = "com.amazonaws.ecs.task-definition-family";

export interface Following {
  close(): Promise<void>;
}

/** Keeps what each container says in a file of its own, from its start on: whoever started it removes it when it ends. */
export function followContainers(filter: string, folder: string): Following {
  mkdirSync(folder, { recursive: true });
  const children = new Set<ChildProcess>();
  const start = (args: readonly string[], output: "pipe" | number): ChildProcess => {
    const child = spawn("docker", args, {
      stdio: ["ignore", output, output === "pipe" ? "ignore" : output],
    });
    children.add(child);
    child.once("close", () => children.delete(child));
    // Logs are a help; without them the tests go on.
    child.once("error", () => children.delete(child));
    return child;
  };
  const follow = (id: string, family: string): void => {
    const file = openSync(join(folder, `${family || "container"}-${id.slice(0, 12)}.log`), "a");
    start(["logs", "--follow", "--timestamps", id], file);
    closeSync(file);
  };
  const format = `{{.ID}} {{index .Actor.Attributes "${FAMILY}"}}`;
  const events = start(["events", "--filter", filter, "--filter", "event=start", "--format", format], "pipe");
  if (events.stdout)
    createInterface({ input: events.stdout }).on("line", (line) => {
      const [id = "", family = ""] = line.split(" ");
      follow(id, family);
    });
  return {
    async close() {
      const ended = [...children].map((child) => once(child, "close"));
      for (const child of children) child.kill();
      await Promise.all(ended);
    },
  };
}
