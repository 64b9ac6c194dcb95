import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import type { CrewInstance } from "../../providers/crew-process/local/index.ts";

/** Starts a process that has a crew's argument and port, and answers something or nothing at all. */
export async function startStandIn(
  port: number,
  says: "something" | "nothing" = "something",
): Promise<CrewInstance> {
  const instance = randomUUID();
  const answer = says === "nothing" ? "" : "answer.end('{}')";
  const program = `require("http").createServer((_, answer) => {${answer}}).listen(${port}, "127.0.0.1", () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", program, instance], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return { pid: child.pid ?? 0, port, instance };
}
