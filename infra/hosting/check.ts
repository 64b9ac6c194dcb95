import { type StackConfig, problemsOfHosting } from "../config.ts";
import { type Agent, HOSTINGS, hostedBy, runsInRuntime } from "../declarations/index.ts";
import { HostingError } from "../crews/errors.ts";

/**
 * Rules of one load balancer's listener, and target groups of one load balancer: 100 each, unless AWS was asked for more.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
 */
export const AGENTS_PER_LOAD_BALANCER = 100;

/** Express services that share one load balancer; AWS makes another one, which costs too, for the next. */
export const EXPRESS_SERVICES_PER_LOAD_BALANCER = 25;

/** What keeps the agents from being hosted as declared, each problem with its remedy. */
export function hostingRefusals(config: StackConfig, agents: readonly Agent[]): string[] {
  const problems = HOSTINGS.filter(
    (kind) => kind !== config.hosting && hostedBy(kind, agents).length > 0,
  ).flatMap((kind) =>
    problemsOfHosting(kind, config).map(
      (problem) => `${problem} (hosting ${kind} of ${named(kind, agents)})`,
    ),
  );
  const onLoadBalancer = hostedBy("ecs-alb", agents).length;
  if (onLoadBalancer > AGENTS_PER_LOAD_BALANCER) {
    problems.push(
      `${onLoadBalancer} agents share one load balancer, which has room for ${AGENTS_PER_LOAD_BALANCER}: ` +
        "spread them over several stacks, or give some of them hosting: ecs-express",
    );
  }
  if (!config.databaseUrl) problems.push(...forgetful(agents));
  if (!config.runtimeKey) problems.push(...unpayable(agents));
  return problems;
}

/** Agents of the crew runtime that would lose paid jobs: a task on Fargate takes its files with it. */
const forgetful = (agents: readonly Agent[]) =>
  agents
    .filter((agent) => {
      const { hosting, pricing } = agent;
      const onEcs = hosting === "ecs-alb" || hosting === "ecs-express";
      return onEcs && runsInRuntime(agent) && pricing.type !== "free";
    })
    .map(
      ({ file }) =>
        `${file}: has a price, and on ECS its paid jobs would be lost with the task that runs them: set the address of a ` +
        "PostgreSQL database with pulumi config set --secret masumi:databaseUrl",
    );

/** Agents on this machine that would be registered for a fee and then take no job. The other hostings want the key anyway. */
const unpayable = (agents: readonly Agent[]) =>
  hostedBy("process", agents)
    .filter(({ pricing }) => pricing.type !== "free")
    .map(
      ({ file }) =>
        `${file}: has a price, and its crew no key to take payments with: have the payment service's administrator make ` +
        "one that may only pay, limited to the selling wallets, and set it with pulumi config set --secret masumi:runtimeKey",
    );

const named = (kind: Agent["hosting"], agents: readonly Agent[]) =>
  hostedBy(kind, agents)
    .map(({ file }) => file)
    .join(", ");

/** What is allowed and may surprise. */
export function hostingWarnings(agents: readonly Agent[]): string[] {
  const express = hostedBy("ecs-express", agents).length;
  if (express <= EXPRESS_SERVICES_PER_LOAD_BALANCER) return [];
  return [
    `${express} Express services need more than one load balancer: AWS puts ` +
      `${EXPRESS_SERVICES_PER_LOAD_BALANCER} on each. With hosting ecs-alb, ${AGENTS_PER_LOAD_BALANCER} share one.`,
  ];
}

/** @throws HostingError with every problem; nothing has been changed then */
export function checkHostings(config: StackConfig, agents: readonly Agent[]): void {
  const problems = hostingRefusals(config, agents);
  if (problems.length === 0) return;
  const listed = problems.map((problem) => `  - ${problem}`).join("\n");
  throw new HostingError(
    "HOSTING_REFUSED",
    "Agents cannot be hosted as declared; nothing was changed:",
    listed,
  );
}
