import { askEngine } from "./engine.ts";
import { DockerError } from "./errors.ts";

export interface CommandInContainer {
  readonly container: string;
  /** `uid:gid` in the container. */
  readonly user: string;
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
}

const GONE = 404;

/**
 * Runs a short command in a container and waits for its end. Nothing happens if there is no such container.
 *
 * @throws DockerError DOCKER_ENGINE_FAILED if the container does not run, or the command fails
 */
export async function runInContainer(
  host: string,
  { container, user, command }: CommandInContainer,
): Promise<void> {
  const post = (path: string, content: unknown) =>
    askEngine(host, {
      method: "POST",
      path,
      body: Buffer.from(JSON.stringify(content)),
      bodyType: "application/json",
    });
  const made = await post(`/containers/${encodeURIComponent(container)}/exec`, {
    Cmd: command,
    User: user,
    AttachStdout: true,
    AttachStderr: true,
  });
  if (made.status === GONE) return;
  const { Id = "", message } = JSON.parse(made.body.toString()) as { Id?: string; message?: string };
  if (made.status >= 300) throw failed(container, command, `${made.status} ${message}`);
  // Answers when the command has ended.
  const { status, body } = await post(`/exec/${Id}/start`, { Detach: false, Tty: false });
  const ended = await askEngine(host, { method: "GET", path: `/exec/${Id}/json` });
  const { ExitCode } = JSON.parse(ended.body.toString()) as { ExitCode: number | null };
  if (status < 300 && ExitCode === 0) return;
  throw failed(
    container,
    command,
    `exit code ${ExitCode}: ${body
      .toString()
      .replaceAll(/[^ -~]+/g, " ")
      .trim()}`,
  );
}

const failed = (container: string, command: readonly string[], reason: string) =>
  new DockerError(
    "DOCKER_ENGINE_FAILED",
    `${command[0]} failed in the container ${container}: ${reason}.`,
    "Fix the problem it reports, then run again; if the container does not run, run up.",
  );
