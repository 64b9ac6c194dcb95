import { CONTAINER_PORT, DATA_FOLDER } from "../../crews/environment.ts";
import { STOP_SECONDS } from "./timeouts.ts";

/** A task's log stream is <prefix>/<container>/<task id>. */
export const LOG_STREAM_PREFIX = "crew";

/** The one folder that the crew runtime writes to: its image says so, and whose it is. */
export const DATA_VOLUME = "data";

/** ECS takes no notice of an image's own HEALTHCHECK. Half a core needs 16 seconds until a crew is built, a quarter 40. */
const HEALTH_CHECK = {
  command: ["CMD", "python", "-m", "crew_runtime.http.health"],
  interval: 10,
  timeout: 5,
  retries: 3,
  startPeriod: 120,
};

/** ECS gives no container longer. Large documents are fetched, read and embedded before a crew is built. */
const LONGEST_START_SECONDS = 300;

/** What the one container of a task is called; the load balancer finds it by this name. */
export const CONTAINER = "crew";

export interface ContainerInput {
  /** By digest. */
  readonly image: string;
  readonly environment: ReadonlyMap<string, string>;
  /** Environment name -> ARN of the secret's version. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly logGroup: string;
  readonly region: string;
  /** Whether the image is built on the crew runtime, and so can be asked whether its crew is ready. */
  readonly isOurRuntime: boolean;
  readonly hasLargeDocuments: boolean;
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);

/** Variables in the order of their names: AWS gives them back in any, and another order would count as a change. */
export const environmentList = (environment: ReadonlyMap<string, string>) =>
  [...environment].map(([name, value]) => ({ name, value })).toSorted(byName);

/** Secrets as references: their values are in no task definition. */
export const secretList = (secrets: Readonly<Record<string, string>>) =>
  Object.entries(secrets)
    .map(([name, valueFrom]) => ({ name, valueFrom }))
    .toSorted(byName);

/**
 * The container of an agent's task.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
 */
export const containerDefinition = ({
  image,
  environment,
  secrets,
  logGroup,
  region,
  isOurRuntime,
  hasLargeDocuments,
}: ContainerInput) => ({
  name: CONTAINER,
  image,
  // An image of the author's own may need to write elsewhere, and may know no such question.
  ...(isOurRuntime
    ? {
        healthCheck: hasLargeDocuments
          ? { ...HEALTH_CHECK, startPeriod: LONGEST_START_SECONDS }
          : HEALTH_CHECK,
        readonlyRootFilesystem: true,
        mountPoints: [{ sourceVolume: DATA_VOLUME, containerPath: DATA_FOLDER, readOnly: false }],
      }
    : {}),
  essential: true,
  portMappings: [{ containerPort: CONTAINER_PORT, protocol: "tcp" }],
  environment: environmentList(environment),
  secrets: secretList(secrets),
  stopTimeout: STOP_SECONDS,
  // Reaps what a job's processes leave behind.
  linuxParameters: { initProcessEnabled: true },
  logConfiguration: {
    logDriver: "awslogs",
    options: {
      "awslogs-group": logGroup,
      "awslogs-region": region,
      "awslogs-stream-prefix": LOG_STREAM_PREFIX,
      // A slow log never holds up a job.
      mode: "non-blocking",
      "max-buffer-size": "4m",
    },
  },
});
