/** The portal's image, really built and run, where its base image can be had. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentView } from "../../portal/api/schemas.ts";
import { RUN, docker, engineIsThere, inspect } from "./docker.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
const DOCKERFILE = "portal/Dockerfile";
const NAME = `${RUN}-portal`;
const BUILD_MS = 900_000;
const PATIENCE_MS = 180_000;
const PULL_MS = 60_000;

const [, base = ""] = /^FROM (\S+)$/m.exec(readFileSync(join(REPOSITORY, DOCKERFILE), "utf8")) ?? [];
const isHere = (words: string[]) => spawnSync("docker", words, { timeout: PULL_MS }).status === 0;
const baseIsThere =
  engineIsThere && (isHere(["image", "inspect", base]) || isHere(["pull", "--quiet", base]));
if (!baseIsThere)
  console.warn(
    `LEFT OUT: the portal's image is neither built nor run, as ${base} can neither be found nor pulled here.`,
  );

/** An issuer beside the portal, as only one on its own machine may be without TLS. It gives whoever asks a token. */
const ISSUER = `
  import { createServer } from "node:http";
  import { exportJWK, generateKeyPair, SignJWT } from "jose";
  const issuer = "http://127.0.0.1:9000";
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const keys = [{ ...(await exportJWK(publicKey)), kid: "one", alg: "ES256", use: "sig" }];
  const token = () => new SignJWT({ iss: issuer, aud: "portal", sub: "anna" })
    .setExpirationTime("1h").setProtectedHeader({ alg: "ES256", kid: "one" }).sign(privateKey);
  createServer(async ({ url }, answer) => {
    if (url === "/token") return answer.end(await token());
    answer.end(JSON.stringify(url === "/keys" ? { keys } : { issuer, jwks_uri: issuer + "/keys" }));
  }).listen(9000, "127.0.0.1");
`;

describe.skipIf(!baseIsThere)("the portal's image", { timeout: 3 * PATIENCE_MS }, () => {
  let url: string;
  let token: string;

  beforeAll(async () => {
    await docker(["build", "-f", DOCKERFILE, "-t", NAME, "."], REPOSITORY, BUILD_MS);
    const settings = {
      PORTAL_ISSUER: "http://127.0.0.1:9000",
      PORTAL_AUDIENCE: "portal",
      PORTAL_CHAIN_SPEED: "instant",
    };
    const environment = Object.entries(settings).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    const locked = ["--cap-drop=ALL", "--security-opt=no-new-privileges"];
    await docker([
      "run",
      "--detach",
      `--name=${NAME}`,
      "--publish=127.0.0.1::4810",
      ...locked,
      ...environment,
      NAME,
    ]);
  }, BUILD_MS + PATIENCE_MS);

  afterAll(async () => {
    await docker(["rm", "--force", "--volumes", NAME]);
    await docker(["rmi", NAME]);
  }, PATIENCE_MS);

  /** Waits for a start, and signs in. */
  async function begun(): Promise<void> {
    const isHealthy = async () => (await inspect(NAME, ".State.Health.Status")) === "healthy";
    await expect.poll(isHealthy, { timeout: PATIENCE_MS, interval: 1000 }).toBe(true);
    url = `http://${await docker(["port", NAME, "4810/tcp"])}`;
    await docker(["exec", "--detach", NAME, "node", "--input-type=module", "--eval", ISSUER]);
    const ask =
      'fetch("http://127.0.0.1:9000/token").then(async (answer) => console.log(await answer.text()))';
    const asked = () => docker(["exec", NAME, "node", "--eval", ask]).catch(() => "");
    await expect.poll(async () => (token = await asked()), { timeout: PATIENCE_MS }).not.toBe("");
  }

  const send = (
    path: string,
    init: Omit<RequestInit, "headers"> = {},
    headers: Record<string, string> = {},
  ) => fetch(`${url}${path}`, { ...init, headers: { ...headers, Authorization: `Bearer ${token}` } });

  async function registered(path: string): Promise<AgentView> {
    const agent = async () => (await (await send(path)).json()) as AgentView;
    await expect
      .poll(async () => (await agent()).state, { timeout: PATIENCE_MS, interval: 1000 })
      .toBe("registered");
    return agent();
  }

  it("runs an agent without rights, and again after a restart, with all that it keeps", async () => {
    await begun();
    const form = new FormData();
    const texts = { name: "Desk", bio: "We sell bikes.", description: "Answers.", template: "support-desk" };
    for (const [field, text] of Object.entries(texts)) form.append(field, text);
    form.append("docs", new File(["Bikes are red."], "rules.md"));
    const accepted = await send("/agent", { method: "POST", body: form });
    expect(accepted.status).toBe(202);
    const path = accepted.headers.get("location") ?? "";
    const before = await registered(path);
    expect(await docker(["exec", NAME, "sh", "-c", "id -u; touch /app/x || true"])).toMatch(/^1000\b/);

    await docker(["restart", "--time", "60", NAME]);
    await begun();
    const { masumiId, documents } = await registered(path);
    expect({ masumiId, documents }).toEqual({ masumiId: before.masumiId, documents: before.documents });
    const question = { method: "POST", body: JSON.stringify({ input: { question: "Which colour?" } }) };
    const asked = () => send(`${path}/try`, question, { "Content-Type": "application/json" });
    await expect
      .poll(async () => (await asked()).status, {
        timeout: PATIENCE_MS,
        interval: 2000,
      })
      .toBe(200);
  });
});
