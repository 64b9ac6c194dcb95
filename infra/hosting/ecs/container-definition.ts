import { CONTAINER_PORT } from "../container-environment.ts";
import { STOP_SECONDS } from "./timeouts.ts";

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
export const containerDefinition = ({ image, environment, secrets, logGroup, region }: ContainerInput) => ({
  name: CONTAINER,
  image,
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
      "awslogs-stream-prefix": "crew",
      // A slow log never holds up a job.
      mode: "non-blocking",
      "max-buffer-size": "4m",
    },
  },
});
