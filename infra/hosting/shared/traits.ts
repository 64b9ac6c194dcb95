import { SHARED_SERVICE, crewHome, logFile } from "../../../providers/crew-process/local/index.ts";
import type { DockerSettings } from "../docker/settings.ts";
import { dockerTraits } from "../docker/traits.ts";
import type { AwsSettings } from "../ecs/settings.ts";
import { FARGATE_SIZES } from "../ecs/sizes.ts";
import { albTraits } from "../ecs/traits.ts";
import type { DocumentsSettings } from "../documents-settings.ts";
import type { HostingTraits, LogContext, LogPlace } from "../kind.ts";
import { nearestSize } from "../sizes.ts";
import { serviceStack, sharedContainer, sharedPath } from "./names.ts";
import { SHARED_PLACES, type SharedSettings } from "./settings.ts";
import { sharedUrl } from "./url.ts";

export interface Settings {
  readonly shared: SharedSettings;
  readonly docker: DockerSettings;
  readonly aws: AwsSettings;
  readonly documents?: DocumentsSettings | undefined;
  /** The stack's name. */
  readonly stack?: string;
}

/**
 * Runs the crews of many agents in one service. What depends on where that is (masumi:shared.on) is a trait of that place:
 * placeTraits in ../traits.ts.
 */
export const sharedTraits: HostingTraits<Settings> = {
  module: "shared/shared",
  runsImages: false,
  confinesContainers: false,
  instances: "ignored",
  sizes: [],
  readsLocalFiles: false,
  losesPaidJobs: false,
  staysWithoutAgents: ({ shared }) => shared.keep && shared.on !== undefined,
  needsDocumentsKey: () => true,
  settingsProblems(settings) {
    const { on } = settings.shared;
    if (on === undefined) {
      return [
        `masumi:shared.on is missing: say where the shared crew service runs (${SHARED_PLACES.join(", ")}), for example ` +
          'npx masumi-agents config set masumi:shared \'{"on":"docker"}\'',
      ];
    }
    return [...sizeProblems(settings.shared), ...joinProblems(settings), ...placeProblems(settings)];
  },
  urls({ settings, projectRoot, stack, scope }) {
    const base = sharedUrl({ settings, projectRoot, stack, scope });
    return (id) => base && `${base}/${id}`;
  },
  logs: (context) => {
    const place = logPlace(context);
    return (id) => ({ ...place, agentId: id });
  },
};

function sizeProblems({ on, cpu, memory, instances }: SharedSettings): string[] {
  const problems: string[] = [];
  if (on !== "ecs-alb" && instances > 1) {
    problems.push(
      `masumi:shared.instances is ${instances}, but with ${on} there is one: remove it, or use ecs-alb`,
    );
  }
  const nearest = on === "ecs-alb" ? nearestSize(FARGATE_SIZES, { cpu, memory }) : undefined;
  if (nearest) {
    problems.push(
      `masumi:shared: ecs-alb has no container with cpu ${cpu} and memory ${memory}; the nearest size is ` +
        `{ cpu: ${nearest.cpu}, memory: ${nearest.memory} }`,
    );
  }
  return problems;
}

/** What a stack lacks whose agents are served by another stack's service. */
function joinProblems({ shared, docker, stack }: Settings): string[] {
  const { of, keep, on, name } = shared;
  if (of === undefined) return [];
  const problems: string[] = [];
  if (of === stack)
    problems.push(`masumi:shared.of is this stack itself, ${of}: remove it, or name another one`);
  if (keep) {
    problems.push(
      "masumi:shared has both of and keep: the service is that stack's, so only that one can keep it: remove keep",
    );
  }
  if (on === "docker" && docker.ports[name] === undefined) {
    problems.push(
      `masumi:docker.ports.${name} is missing: with masumi:shared.of, set it in both stacks to the port of the service of ${of}`,
    );
  }
  return problems;
}

function placeProblems(settings: Settings): string[] {
  if (settings.shared.on === "docker") return dockerTraits.settingsProblems(settings);
  return settings.shared.on === "ecs-alb"
    ? [...albTraits.settingsProblems(settings), ...bucketProblems(settings)]
    : [];
}

function bucketProblems({ documents }: Settings): string[] {
  if (documents && documents.endpoint === undefined) return [];
  return [
    documents
      ? "masumi:documents.endpoint is not available with masumi:shared on ecs-alb: its instances read their agents with the " +
        "task's role, so use a bucket of AWS's S3"
      : "masumi:documents is missing: with masumi:shared on ecs-alb, agents are objects of the stack's bucket, for example " +
        "{ bucket: example-agents }",
  ];
}

function logPlace({ settings, projectRoot, project, stack: own }: LogContext<Settings>): LogPlace {
  const { shared, docker, aws } = settings;
  const stack = serviceStack(shared, own);
  if (shared.on === "docker") {
    const { host } = docker;
    return {
      kind: "docker",
      container: sharedContainer(project, stack),
      ...(host === undefined ? {} : { host }),
    };
  }
  if (shared.on === "ecs-alb") {
    return {
      kind: "cloudwatch",
      group: sharedPath(project, stack),
      region: aws.region,
      profile: aws.profile,
    };
  }
  return { kind: "file", path: logFile(crewHome(projectRoot, SHARED_SERVICE, stack)) };
}
