/** Fargate's longest time between SIGTERM and SIGKILL, in seconds. A job that takes longer is protected instead. */
export const STOP_SECONDS = 120;

/** What the runtime gets to end its jobs: a little less, so that it ends by itself. */
export const GRACE_SECONDS = STOP_SECONDS - 10;

/** What a deployment takes beside the jobs: pulling the image, health checks, draining connections. */
const DEPLOYMENT_MINUTES = 20;

/**
 * How long a rollout may take: protected tasks go on until their jobs end, and only then is a service steady, or gone.
 *
 * @param jobMinutes the longest job
 */
export const rolloutMinutes = (jobMinutes: number): number => jobMinutes + DEPLOYMENT_MINUTES;

/** How long AWS may take to remove a service, as Pulumi's custom time-outs; see rolloutMinutes. */
export const serviceTimeouts = (jobMinutes: number): { readonly delete: string } => ({
  delete: `${rolloutMinutes(jobMinutes)}m`,
});
