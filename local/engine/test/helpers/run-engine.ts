// An engine in a process of its own, to be killed or interrupted: runs one `up` and prints every event as a line of JSON.
import { up, type RunOptions } from "../../index.ts";

const controller = new AbortController();
process.on("SIGINT", () => controller.abort());
const options = JSON.parse(process.argv[2] ?? "") as RunOptions;
const { exitCode } = await up({
  ...options,
  trustsProvider: () => true,
  signal: controller.signal,
  onEvent: (event) => {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  },
});
process.exitCode = exitCode;
