import { CAPABILITIES, type Confinement } from "../../declarations/index.ts";
import { CONTAINER_PORT, DATA_FOLDER } from "../../crews/environment.ts";
import { STOP_SECONDS } from "./timeouts.ts";

/** A task's log stream is <prefix>/<container>/<task id>. */
export const LOG_STREAM_PREFIX = "crew";

/** The only folder that the crew runtime writes to; an image that declares it as a VOLUME also says whose it is. */
export const DATA_VOLUME = "data";

/** For an author's own image that may not write elsewhere, in MiB of the task's memory. */
const TMP = { containerPath: "/tmp", size: 64, mountOptions: ["mode=1777", "nosuid", "nodev"] };

/** ECS ignores an image's own HEALTHCHECK. With half a core a crew is built after 16 seconds, with a quarter after 40. */
const HEALTH_CHECK = {
  command: ["CMD", "python", "-I", "-m", "crew_runtime.http.health"],
  interval: 10,
  timeout: 5,
  retries: 3,
  startPeriod: 120,
};

/** The longest start period that ECS allows. Large documents are fetched, read and embedded before a crew is built. */
const LONGEST_START_SECONDS = 300;

/** Name of a task's only container, by which the load balancer finds it. */
export const CONTAINER = "crew";

export interface ContainerInput {
  /** By digest. */
  readonly image: string;
  readonly environment: ReadonlyMap<string, string>;
  /** Environment name -> ARN of the secret's version. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly logGroup: string;
  readonly region: string;
  /** Whether the image is based on the crew runtime, which can tell whether its crew is ready. */
  readonly isOurRuntime: boolean;
  readonly confinement: Confinement;
  readonly hasLargeDocuments: boolean;
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);

/** Returns variables sorted by name: AWS returns them in any order, and a different order would count as a change. */
export const environmentList = (environment: ReadonlyMap<string, string>) =>
  [...environment].map(([name, value]) => ({ name, value })).toSorted(byName);

/** Returns secrets as references, so their values are in no task definition. */
export const secretList = (secrets: Readonly<Record<string, string>>) =>
  Object.entries(secrets)
    .map(([name, valueFrom]) => ({ name, valueFrom }))
    .toSorted(byName);

/**
 * Returns the container definition of an agent's task.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
 */
export const containerDefinition = ({
  image,
  environment,
  secrets,
  logGroup,
  region,
  isOurRuntime,
  confinement: { user, readOnly, capabilities },
  hasLargeDocuments,
}: ContainerInput) => ({
  name: CONTAINER,
  image,
  // An author's own image may not have this health check.
  ...(isOurRuntime
    ? {
        healthCheck: hasLargeDocuments
          ? { ...HEALTH_CHECK, startPeriod: LONGEST_START_SECONDS }
          : HEALTH_CHECK,
      }
    : {}),
  ...(user === undefined ? {} : { user }),
  readonlyRootFilesystem: readOnly,
  mountPoints: [{ sourceVolume: DATA_VOLUME, containerPath: DATA_FOLDER, readOnly: false }],
  essential: true,
  portMappings: [{ containerPort: CONTAINER_PORT, protocol: "tcp" }],
  environment: environmentList(environment),
  secrets: secretList(secrets),
  stopTimeout: STOP_SECONDS,
  linuxParameters: {
    // "ALL" could not be taken back in part: Fargate adds none.
    capabilities: { drop: CAPABILITIES.filter((name) => !capabilities.includes(name)) },
    // The crew runtime takes care of what jobs leave behind by itself, and writes to its volume alone.
    ...(isOurRuntime ? {} : { initProcessEnabled: true, ...(readOnly ? { tmpfs: [TMP] } : {}) }),
  },
  logConfiguration: {
    logDriver: "awslogs",
    options: {
      "awslogs-group": logGroup,
      "awslogs-region": region,
      "awslogs-stream-prefix": LOG_STREAM_PREFIX,
      // Slow logging must never hold up a job.
      mode: "non-blocking",
      "max-buffer-size": "4m",
    },
  },
});
