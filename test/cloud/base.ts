import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../helpers/project.ts";
import { baseImage } from "../image/base-image.ts";
import { RUN, docker } from "../image/docker.ts";
import type { Certificate } from "./tls.ts";

const NAME = `${RUN}/base:of-tests`;
const AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";

/** What makes a story quick; a deployment leaves these at their defaults. */
const PACE = { IDENTITY_POLL_SECONDS: "1", PAYMENT_POLL: "1", LEASE_SECONDS: "3" };

export interface Base {
  /** What crew/Dockerfile is to begin with. */
  readonly name: string;
  remove(): Promise<void>;
}

/**
 * The image that crews' images are built upon here: the usual one, which also trusts the certificate of the tests, as a company's own
 * would trust the company's.
 */
export async function makeBase({ file }: Certificate): Promise<Base> {
  const { name, kind } = await baseImage(join(repository, "crew/Dockerfile"));
  const folder = mkdtempSync(join(tmpdir(), `${RUN}-`));
  try {
    copyFileSync(file, join(folder, "authority.pem"));
    const pace = Object.entries(PACE).map(([variable, value]) => `${variable}=${value}`);
    const steps = [
      `FROM ${name}`,
      `RUN --mount=type=bind,target=/context cat /context/authority.pem >> ${AUTHORITIES}`,
      `ENV SSL_CERT_FILE=${AUTHORITIES} ${pace.join(" ")}`,
    ];
    writeFileSync(join(folder, "Dockerfile"), `${steps.join("\n")}\n`);
    await docker(["build", "-t", NAME, folder]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return {
    name: NAME,
    remove: async () => void (await docker(["rmi", NAME, ...(kind === "a stand-in" ? [name] : [])])),
  };
}
