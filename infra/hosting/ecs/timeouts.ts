/** Fargate's longest time between SIGTERM and SIGKILL, in seconds. A job that takes longer is protected instead. */
export const STOP_SECONDS = 120;

/** What the runtime gets to end its jobs: a little less, so that it ends by itself. */
export const GRACE_SECONDS = STOP_SECONDS - 10;

/** What a deployment takes beside the jobs: pulling the image, health checks, draining connections. */
const DEPLOYMENT_MINUTES = 20;

/** How long AWS may take over a service, as Pulumi's custom time-outs. */
export interface ServiceTimeouts {
  readonly create: string;
  readonly update: string;
  readonly delete: string;
}

/**
 * A new service has no jobs. A changed or removed one lets its protected tasks go on until their jobs end, and only then
 * is steady, or gone.
 *
 * @param jobMinutes the longest job
 */
export const serviceTimeouts = (jobMinutes: number): ServiceTimeouts => ({
  create: `${DEPLOYMENT_MINUTES}m`,
  update: `${jobMinutes + DEPLOYMENT_MINUTES}m`,
  delete: `${jobMinutes + DEPLOYMENT_MINUTES}m`,
});
