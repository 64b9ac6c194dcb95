/** Numbers of AWS that the stack's own resources, its settings and its crews must agree on. */

/**
 * How long the load balancer keeps an idle connection to a crew, in seconds. A crew must keep it longer: otherwise a request
 * that is sent just as the crew closes the connection is answered with 502, also one that starts a paid job.
 */
export const IDLE_SECONDS = 60;

/** The longest host name that a listener rule compares: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HostHeaderConditionConfig.html */
export const HOST_NAME = 128;

/** The longest first name of a certificate: https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html */
export const CERTIFICATE_NAME = 64;
