/** Fargate's maximum time between SIGTERM and SIGKILL, in seconds. Tasks with longer jobs are protected instead. */
export const STOP_SECONDS = 120;

/** The time that the runtime gets to finish its jobs: a little less, so it exits on its own. */
export const GRACE_SECONDS = STOP_SECONDS - 10;

/** The time that a deployment takes in addition to the jobs: pulling the image, health checks, draining connections. */
const DEPLOYMENT_MINUTES = 20;

/**
 * Returns how long a rollout may take: protected tasks run until their jobs end, and only then is a service steady or gone.
 *
 * @param jobMinutes the longest job
 */
export const rolloutMinutes = (jobMinutes: number): number => jobMinutes + DEPLOYMENT_MINUTES;

/** Returns how long AWS may take to remove a service, as Pulumi's custom timeouts; see rolloutMinutes. */
export const serviceTimeouts = (jobMinutes: number): { readonly delete: string } => ({
  delete: `${rolloutMinutes(jobMinutes)}m`,
});
