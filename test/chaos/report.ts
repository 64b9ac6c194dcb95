import { readFileSync } from "node:fs";
import { formatTable } from "../../cli/table.ts";
import type { Tally } from "./tally.ts";

/** Linux counts CPU time in hundredths of a second for programs that read it here. */
const TICKS_PER_SECOND = 100;

/** CPU time of this process and of its children that have ended, in seconds; where there is no /proc, of this process alone. */
export function cpuSeconds(): number {
  try {
    // After the name in brackets: state, and from the 11th on user and system time, own and of waited-for children.
    const fields = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
}

/** Everything about a loss, for people: what was to be, what is, and how to see it again. */
export function describeLoss(loss: object): string {
  const lines = Object.entries(loss).flatMap(([name, value]: [string, unknown]) => {
    if (!Array.isArray(value)) return [`  ${name}: ${JSON.stringify(value)}`];
    const items = value.map(
      (item: unknown) => `    ${typeof item === "string" ? item : JSON.stringify(item)}`,
    );
    return [`  ${name}:`, ...items];
  });
  return ["LOSS", ...lines].join("\n");
}

const GROUPS = ["kill: ", "operation: ", "edit: ", "fault: "];

/** The table at the end of a part. */
export function summary(name: string, tally: Tally): string {
  const isGrouped = (key: string) => GROUPS.some((group) => key.startsWith(group));
  const plain = tally.named("").filter(([key]) => !isGrouped(key));
  const grouped = GROUPS.flatMap((group) =>
    tally.named(group).map(([key, count]): [string, number] => [`${group}${key}`, count]),
  );
  const runs = tally.of("runs");
  const perRun = runs > 0 ? [["CPU s per run", (tally.of("CPU s") / runs).toFixed(2)]] : [];
  return formatTable(
    [name, "count"],
    [...[...plain, ...grouped].map(([key, count]) => [key, String(count)]), ...perRun],
  );
}
