import type { Deployment, Service } from "@aws-sdk/client-ecs";

/** The status of a rollout. */
export type Verdict =
  | { readonly state: "steady" }
  | { readonly state: "going"; readonly detail: string }
  | { readonly state: "failed"; readonly reason: string };

const tasks = (deployment: Deployment) =>
  `${deployment.runningCount ?? 0} of ${deployment.desiredCount ?? 0} tasks are running` +
  (deployment.failedTasks ? `, ${deployment.failedTasks} failed` : "");

/** A failed deployment without tasks blocks nothing, however long it is still listed. */
const hasEnded = ({ rolloutState, runningCount = 0, pendingCount = 0 }: Deployment) =>
  rolloutState === "FAILED" && runningCount + pendingCount === 0;

/**
 * Judges a service by its deployments: it is steady once the awaited one is complete and no other is left, including tasks
 * that were protected until their jobs ended.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
 *
 * @param service as returned by DescribeServices
 * @param isOurs whether a deployment is the awaited one
 */
export function judge(service: Service, isOurs: (deployment: Deployment) => boolean): Verdict {
  const { status = "unknown", deployments = [] } = service;
  if (status !== "ACTIVE") return { state: "failed", reason: `the service is ${status}` };
  const ours = deployments.find(isOurs);
  if (!ours) {
    const [primary] = deployments.filter((deployment) => deployment.status === "PRIMARY");
    const reason = primary?.rolloutStateReason;
    return {
      state: "failed",
      reason: `ECS rolled back to the previous deployment${reason ? ` (${reason})` : ""}`,
    };
  }
  if (ours.rolloutState === "FAILED")
    return { state: "failed", reason: ours.rolloutStateReason ?? "ECS gave no reason" };
  if (ours.rolloutState !== "COMPLETED" || (ours.runningCount ?? 0) < (ours.desiredCount ?? 0)) {
    return { state: "going", detail: tasks(ours) };
  }
  return deployments.every((deployment) => deployment === ours || hasEnded(deployment))
    ? { state: "steady" }
    : { state: "going", detail: "tasks of an earlier deployment are still running" };
}
