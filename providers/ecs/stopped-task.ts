import type { ECS, Task } from "@aws-sdk/client-ecs";
import { type AwsAccess, awsErrorName, logsClient } from "./clients.ts";

/** Where the containers of a service write their logs. */
export interface TaskLog {
  readonly group: string;
  readonly streamPrefix: string;
}

const LINES = 15;
/** The limit of DescribeTasks. */
const TASKS = 100;

/**
 * Returns why the most recently stopped task of a service stopped, and the last lines of its log. Never throws, because it
 * only explains another failure; it reports what could not be read.
 */
export async function explainStoppedTask(
  ecs: ECS,
  access: AwsAccess,
  service: { readonly cluster: string; readonly service: string },
  log: TaskLog,
): Promise<string[]> {
  try {
    const task = await newestStopped(ecs, service.cluster, service.service);
    if (!task) return ["There is no stopped task left that would show why."];
    return [...reasons(task), ...(await lastLines(access, task, log))];
  } catch (error) {
    return [`The reason could not be read from AWS: ${awsErrorName(error)}.`];
  }
}

async function newestStopped(ecs: ECS, cluster: string, serviceName: string): Promise<Task | undefined> {
  const { taskArns = [] } = await ecs.listTasks({
    cluster,
    serviceName,
    desiredStatus: "STOPPED",
    maxResults: TASKS,
  });
  if (taskArns.length === 0) return undefined;
  const { tasks = [] } = await ecs.describeTasks({ cluster, tasks: taskArns });
  const stoppedAt = (task: Task) => task.stoppedAt?.getTime() ?? 0;
  return tasks.toSorted((a, b) => stoppedAt(b) - stoppedAt(a))[0];
}

const idOf = ({ taskArn = "" }: Task) => taskArn.split("/").at(-1) ?? "";

function reasons(task: Task): string[] {
  const containers = (task.containers ?? []).flatMap(({ name, exitCode, reason }) => {
    const said = [...(exitCode === undefined ? [] : [`exit code ${exitCode}`]), ...(reason ? [reason] : [])];
    return said.length > 0 ? [`Its container ${name ?? "?"}: ${said.join(", ")}.`] : [];
  });
  return [`Task ${idOf(task)} stopped: ${task.stoppedReason || "no reason given"}.`, ...containers];
}

async function lastLines(access: AwsAccess, task: Task, log: TaskLog): Promise<string[]> {
  const container = task.containers?.[0]?.name;
  if (!container) return [];
  const stream = `${log.streamPrefix}/${container}/${idOf(task)}`;
  const logs = await logsClient(access);
  try {
    const { events = [] } = await logs.getLogEvents({
      logGroupName: log.group,
      logStreamName: stream,
      limit: LINES,
      startFromHead: false,
    });
    if (events.length === 0) return [`It logged nothing to ${log.group}.`];
    return [
      `The last lines of its log (${log.group}, ${stream}):`,
      ...events.map(({ message = "" }) => `  ${message.trimEnd()}`),
    ];
  } catch (error) {
    return awsErrorName(error) === "ResourceNotFoundException"
      ? [`It logged nothing to ${log.group}.`]
      : [`Its log could not be read: ${awsErrorName(error)}.`];
  } finally {
    logs.destroy();
  }
}
