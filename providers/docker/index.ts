/** What the Docker provider does not do, as Pulumi resources. */
export { DockerError, type DockerErrorCode } from "./errors.ts";
export { DockerIdentity, type DockerIdentityArgs } from "./identity.ts";
export { DockerImageTag, type DockerImageTagArgs } from "./image-tag.ts";
export { DockerStart, type DockerStartArgs } from "./start.ts";
