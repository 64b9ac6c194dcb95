/** The images that the program builds, really built and run, on a machine that may reach no registry of images. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "axios";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { databaseRole } from "../../providers/database/host.ts";
import { provider as dockerIdentity } from "../../providers/docker/identity.ts";
import { startSandbox } from "../../local/sandbox/index.ts";
import { postgresIsThere } from "../cloud/postgres.ts";
import { LocalS3 } from "../helpers/s3.ts";
import { startDatabase } from "../providers/database/server.ts";
import { baseImage } from "./base-image.ts";
import { RUN, docker, engineIsRequired, engineIsThere, inspect } from "./docker.ts";
import { type Reachable, forward, parameterStore } from "./host.ts";
import { buildImages, makeProject } from "./project.ts";

const left = !engineIsThere && !engineIsRequired;
if (left)
  console.warn(
    "LEFT OUT: the images are neither built nor run, as there is no Docker engine here (docker info).",
  );

const IDENTIFIER = "ab".repeat(28) + "01";

/** Tells a container's crew who it is, as up does. */
const identify = (container: string) =>
  dockerIdentity.create({
    host: "",
    container,
    folder: "/data",
    agentIdentifier: IDENTIFIER,
    paymentSourceType: "V1",
    sellerVkey: "0b".repeat(28),
  });
const SENTINEL = "sentinel-model-key";
/** What a crew must not get at; test/image/fixtures/project/attacker looks for it. */
const SECRETS = {
  PAYMENT_KEY: "sentinel-payment-0a1b2c3d",
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
  AWS_CONTAINER_AUTHORIZATION_TOKEN: "sentinel-token",
  ECS_CONTAINER_METADATA_URI_V4: "http://169.254.170.2/v4/sentinel",
};
const DATABASE_SENTINEL = "sentinel-database-0a1b2c3d";
/** Asks the database of the environment, and prints its answer. */
const ASK = `
import os, sys, psycopg
try:
    print(psycopg.connect(os.environ["DATABASE_URL"]).execute(sys.argv[1]).fetchone())
except psycopg.Error as error:
    print(error)
`;
/** How the hostings run the crew runtime; only Express has no say in it. */
const CONFINED =
  "--read-only --cap-drop=ALL --cap-add=SETUID --cap-add=SETGID --security-opt=no-new-privileges --pids-limit=1024";
const OWN = "--init --read-only --tmpfs=/tmp --cap-drop=ALL --security-opt=no-new-privileges";
const UNCONFINED = "--ulimit=core=0";
const PATIENCE_MS = 90_000;
const TEST_MS = 2 * PATIENCE_MS;
const BUILD_MS = 300_000;
/** A further agent's layer: its declaration. */
const SMALL_BYTES = 64 * 1024;
const STOP_SECONDS = 30;
/** All of a container's processes when it has done a job, and the one that answers. */
const WARM_MB = 300;
const API_MB = 80;

interface Image {
  readonly layers: readonly string[];
  readonly bytes: number;
  readonly environment: readonly string[];
}

async function examine(image: string): Promise<Image> {
  const [layers, bytes, environment] = await Promise.all(
    [".RootFS.Layers", ".Size", ".Config.Env"].map((path) => inspect(image, path)),
  );
  return { layers: layers as string[], bytes: bytes as number, environment: environment as string[] };
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (end.aborted) throw new Error(`waited in vain until ${what}`);
    await sleep(200);
  }
}

/** What Docker holds against a container's limit, and what the process that answers has in RAM. */
async function memoryOf(container: string): Promise<{ readonly all: number; readonly api: number }> {
  const used = await docker(["stats", "--no-stream", "--format", "{{.MemUsage}}", container]);
  const [, all = "", unit = ""] = /^([\d.]+)([KMG])iB/.exec(used) ?? [];
  const processes = await docker(["top", container, "-o", "pid,rss,args"]);
  const [, api = ""] =
    /^ *\d+ +(\d+) +\S*python\S* -I -m crew_runtime --separate-users$/m.exec(processes) ?? [];
  return {
    all: (Number(all) * 1024 ** (" KMG".indexOf(unit) || NaN)) / 1e6,
    api: (Number(api) * 1024) / 1e6,
  };
}

/** Returns the user of each process in a container, by the last word of its command line. */
async function usersOf(container: string): Promise<ReadonlyMap<string, string>> {
  const [, ...processes] = (await docker(["top", container, "-n", "-o", "pid,uid,args"])).split("\n");
  return new Map(
    processes.map((line) => {
      const words = line.trim().split(/\s+/);
      return [words.at(-1) ?? "", words[1] ?? ""];
    }),
  );
}

const variablesOf = (environment: Readonly<Record<string, string>>): string[] =>
  Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]);

describe.skipIf(left)("images of crews", { timeout: TEST_MS }, () => {
  let base: string;
  let references: ReadonlyMap<string, string>;
  const tags: string[] = [];
  let gateway: string;
  let model: Reachable;
  const undo: (() => unknown)[] = [];

  const imageOf = (agent: string): string => {
    const found = references.get(agent);
    if (!found) throw new Error(`no image of ${agent}`);
    return found;
  };

  beforeAll(async () => {
    const project = await makeProject();
    undo.push(project.dispose);
    const found = await baseImage(join(project.root, "crew/Dockerfile"));
    base = found.name;
    if (found.kind === "a stand-in") undo.push(() => docker(["rmi", base]));

    const started = performance.now();
    references = await buildImages(project, base, (tag) => {
      tags.push(tag);
      undo.push(() => docker(["rmi", tag]));
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const { bytes } = await examine(imageOf("alpha"));
    console.info(
      `A crew's image has ${(bytes / 1e6).toFixed(0)} MB on ${found.kind}; all were built in ${seconds} s.`,
    );

    await docker(["network", "create", RUN]);
    undo.push(() => docker(["network", "rm", RUN]));
    gateway = String(await inspect(RUN, "(index .IPAM.Config 0).Gateway"));
    const sandbox = await startSandbox({ allowedHosts: [gateway] });
    undo.push(() => sandbox.close());
    model = await forward(gateway, new URL(sandbox.url));
    undo.push(() => model.close());
  }, BUILD_MS);

  afterAll(async () => {
    for (const step of undo.toReversed()) await step();
  }, PATIENCE_MS);

  /** Runs an image as locked down as a hosting can, and ends it with the test. */
  async function run(
    agent: string,
    environment: Readonly<Record<string, string>> = {},
    { mounts = [], locked = CONFINED }: { mounts?: readonly string[]; locked?: string } = {},
  ) {
    const name = `${RUN}-${agent}`;
    const variables = Object.entries({ PORT: "8000", DATA_DIR: "/data", ...environment });
    const limits = `${locked} --memory=1g --memory-swap=1g --cpus=1`;
    await docker([
      ...`run --detach --name=${name} --network=${RUN} --publish=127.0.0.1::8000 ${limits}`.split(" "),
      ...mounts.map((mount) => `--volume=${mount}`),
      ...variables.flatMap(([variable, value]) => ["--env", `${variable}=${value}`]),
      imageOf(agent),
    ]);
    onTestFinished(async () => void (await docker(["rm", "--force", "--volumes", name])), PATIENCE_MS);
    const address = await docker(["port", name, "8000/tcp"]);
    const http = create({ baseURL: `http://${address}`, timeout: 10_000, proxy: false });
    const stop = async (): Promise<number> => {
      await docker(["stop", "--time", String(STOP_SECONDS), name]);
      return Number(await inspect(name, ".State.ExitCode"));
    };
    return { name, http, stop };
  }

  const crewEnvironment = () => ({
    MODEL_API: `${model.url}/model/v1`,
    MODEL_KEY: SENTINEL,
    MODEL_NAME: "stub",
  });

  it("share every layer but the last, which has a few kilobytes", async () => {
    const runtimes = tags.filter((tag) => tag.startsWith(`${RUN}:_runtime-`));
    const packages = tags.filter((tag) => tag.startsWith(`${RUN}:_packages-`));
    expect([tags.length, runtimes.length, packages.length], "five agents and what they share").toEqual([
      7, 1, 1,
    ]);
    const runtime = await examine(runtimes[0] ?? "");
    const withPackages = await examine(packages[0] ?? "");
    expect(withPackages.layers.slice(0, -1), "packages are one layer upon the runtime").toEqual(
      runtime.layers,
    );
    for (const agent of ["alpha", "beta", "gamma"]) {
      const shared = agent === "gamma" ? withPackages : runtime;
      const { layers, bytes } = await examine(imageOf(agent));
      expect(layers.slice(0, -1)).toEqual(shared.layers);
      expect(layers.at(-1)).not.toBe(shared.layers.at(-1));
      expect(bytes - shared.bytes).toBeGreaterThan(0);
      expect(bytes - shared.bytes).toBeLessThan(SMALL_BYTES);
    }
  });

  it("hold no key, and nothing of the machine that built them", async () => {
    const ofBase = await examine(base);
    const { environment } = await examine(imageOf("alpha"));
    const names = environment
      .filter((set) => !ofBase.environment.includes(set))
      .map((set) => set.split("=")[0]);
    const known = ["AGENT_DECLARATION", "DATA_DIR", "HOME", "HOST", "LANG", "PATH", "PORT"];
    expect(names).toContain("AGENT_DECLARATION");
    expect(names.filter((name) => !known.includes(name ?? ""))).toEqual([]);
    const history = await docker(["history", "--no-trunc", "--format", "{{.CreatedBy}}", imageOf("alpha")]);
    const inherited = await docker(["history", "--no-trunc", "--format", "{{.CreatedBy}}", base]);
    const steps = history.slice(0, history.length - inherited.length);
    expect(steps).toContain("crew_runtime");
    expect(steps).not.toMatch(/key|secret|token|password|proxy/i);
    expect(steps).not.toContain(process.env["HOME"] ?? "/root");
  });

  it.each([
    [
      "of a declaration, with what its documents say",
      "alpha",
      "[docs/tea.md, Tea] # Tea Green tea wants 80 degrees.",
    ],
    ["in Python", "gamma", "Write in Python about tea"],
  ])(
    "run a crew %s, without rights; it does a job and ends when it is told to",
    async (_what, agent, said) => {
      const { name, http, stop } = await run(agent, {
        ...crewEnvironment(),
        AGENT_IDENTITY_FILE: "/data/identity.json",
      });
      const waiting = await until("it answers", async () => (await http.get<object>("/availability")).data);
      expect(waiting).toMatchObject({ status: "unavailable", type: "masumi-agent" });
      expect((await http.get<{ input_data: object[] }>("/input_schema")).data.input_data).toMatchObject([
        { id: "topic", type: "string" },
      ]);

      await until("it is healthy", async () =>
        (await inspect(name, ".State.Health.Status")) === "healthy" ? true : undefined,
      );
      await identify(name);
      expect((await http.get<object>("/availability")).data).toMatchObject({
        status: "available",
        agentIdentifier: IDENTIFIER,
      });
      const { data: job } = await http.post<{ id: string }>("/start_job", { input_data: { topic: "tea" } });
      const ended = await until("the job has ended", async () => {
        const { data } = await http.get<{ status: string; result?: string }>("/status", {
          params: { job_id: job.id },
        });
        return data.status === "running" ? undefined : data;
      });
      expect(ended).toMatchObject({ status: "completed", result: expect.stringContaining(said) as string });
      const memory = await memoryOf(name);
      console.info(
        `After a job the container has ${memory.all.toFixed(0)} MB, its API ${memory.api.toFixed(0)} MB.`,
      );
      expect(memory.all).toBeLessThanOrEqual(WARM_MB);
      expect(memory.api).toBeLessThanOrEqual(API_MB);

      expect((await usersOf(name)).get("--separate-users")).toBe("10001");
      await expect(docker(["exec", name, "touch", "/runtime/x"])).rejects.toThrow(/read-only/i);
      const processes = await docker(["top", name, "-o", "pid,args"]);
      expect(processes).toContain("crew_runtime");
      expect(processes).not.toContain(SENTINEL);
      expect(await docker(["logs", name])).not.toContain(SENTINEL);
      expect(await stop(), "it ends by itself, before it would be killed").toBe(0);
    },
  );

  it.each([
    ["on Docker and ecs-alb", CONFINED, ["/dev/mqueue", "/dev/shm"]],
    ["on ecs-express", UNCONFINED, ["/dev/mqueue", "/dev/shm", "/run/lock", "/tmp", "/var/tmp"]],
  ])(
    "keep what is not a crew's from its code, %s; it does its job beside it",
    async (_where, locked, forAll) => {
      const { name, http } = await run(
        "attacker",
        { ...crewEnvironment(), ...SECRETS, AGENT_IDENTITY_FILE: "/data/identity.json" },
        { locked },
      );
      const isHealthy = () =>
        until("it is healthy", async () =>
          (await inspect(name, ".State.Health.Status")) === "healthy" ? true : undefined,
        );
      await isHealthy();
      await identify(name);
      const start = async (topic: string) =>
        (await http.post<{ id: string }>("/start_job", { input_data: { topic } })).data.id;
      await start("wait CUSTOMER-12345678");
      const asRuntime = (...words: string[]) => docker(["exec", "--user=10001", name, ...words]);
      // Named by the job's reference, as its id opens its result.
      const beside = await until("the other job waits", async () => {
        const folder = await asRuntime("ls", "/data/work");
        return (await asRuntime("cat", `/data/work/${folder}/note`)) ? folder : undefined;
      });
      const job = await start(beside);
      const ended = await until("the job has ended", async () => {
        const { data } = await http.get<{ status: string; result?: string }>("/status", {
          params: { job_id: job },
        });
        return data.status === "running" ? undefined : data;
      });
      expect(ended).toMatchObject({ status: "completed" });
      const { work, user, got } = JSON.parse(ended.result ?? "") as {
        work: string;
        user: number;
        got: Record<string, string[]>;
      };
      expect(work).toContain("Write about tea");
      expect(user).toBeGreaterThanOrEqual(10_100);
      expect((got["places"] ?? []).filter((place) => !forAll.includes(place))).toEqual([]);
      expect({ ...got, places: [] }).toEqual(
        Object.fromEntries(Object.keys(got).map((attack) => [attack, []])),
      );
      expect(Object.keys(got)).toHaveLength(11);

      await until("nothing of the job is left but the other one", async () =>
        (await asRuntime("ls", "/data/work")) === beside ? true : undefined,
      );
      const processes = await docker(["top", name, "-o", "pid,args"]);
      expect(processes).not.toContain("sleep");
      expect(await docker(["exec", name, "ls", "/dev/shm", "/dev/mqueue", "/tmp"])).not.toContain("left");
      const lists = ["shm", "msg", "sem"].map((kind) => `/proc/sysvipc/${kind}`);
      expect((await asRuntime("cat", ...lists)).split("\n"), "their three heads").toHaveLength(3);
      expect(await docker(["exec", name, "sh", "-c", "cat /proc/1/status"])).toMatch(/^NoNewPrivs:\t1$/m);
      await isHealthy();
    },
  );

  it.skipIf(!postgresIsThere)(
    "keep their database's login from a crew's code, and other agents' jobs from theirs",
    async () => {
      const database = await startDatabase();
      onTestFinished(() => database.close());
      const reachable = await forward(gateway, new URL(`http://127.0.0.1:${database.port}`));
      onTestFinished(() => reachable.close());
      const names = (agentId: string) => ({ agentId, role: `${agentId}-1`, schema: `${agentId}-1` });
      const made = { server: database.url, isOnlyAgent: false };
      await databaseRole.create({ ...names("other"), ...made });
      await databaseRole.create({ ...names("attacker"), ...made });
      await database.run(database.url, `ALTER ROLE "attacker-1" PASSWORD '${DATABASE_SENTINEL}'`);
      const url = new URL(database.as("attacker-1", DATABASE_SENTINEL).replace("postgresql:", "http:"));
      const login = `postgresql://attacker-1:${DATABASE_SENTINEL}@${new URL(reachable.url).host}${url.pathname}`;
      const { name, http } = await run("attacker", {
        ...crewEnvironment(),
        DATABASE_URL: login,
        DATABASE_SCHEMA: "attacker-1",
        AGENT_IDENTITY_FILE: "/data/identity.json",
      });
      await until("it is healthy", async () =>
        (await inspect(name, ".State.Health.Status")) === "healthy" ? true : undefined,
      );
      await identify(name);
      const { data: job } = await http.post<{ id: string }>("/start_job", { input_data: { topic: "tea" } });
      const ended = await until("the job has ended", async () => {
        const { data } = await http.get<{ status: string; result?: string }>("/status", {
          params: { job_id: job.id },
        });
        return data.status === "running" ? undefined : data;
      });
      const { got } = JSON.parse(ended.result ?? "") as { got: Record<string, string[]> };
      expect(got).toMatchObject({ environments: [], memories: [] });
      expect(JSON.stringify(got)).not.toContain("sentinel");
      const jobs = await database.run(database.url, 'SELECT count(*)::int AS count FROM "attacker-1".jobs');
      expect(jobs).toEqual([{ count: 1 }]);

      // And whoever had the login all the same, from where it is used:
      await database.run(database.url, 'CREATE TABLE "other-1".jobs (id TEXT)');
      const asked = (schema: string) =>
        docker(["exec", "--user=10001", name, "python", "-c", ASK, `SELECT count(*) FROM "${schema}".jobs`]);
      expect(await asked("attacker-1")).toBe("(1,)");
      expect(await asked("other-1")).toMatch(/permission denied for schema other-1/);
    },
  );

  it("let no crew use more of the model than a job and a day may, however often it asks", async () => {
    const { name, http } = await run("attacker", {
      ...crewEnvironment(),
      JOB_TOKENS: "2000",
      DAILY_TOKENS: "3000",
      AGENT_IDENTITY_FILE: "/data/identity.json",
    });
    await until("it is healthy", async () =>
      (await inspect(name, ".State.Health.Status")) === "healthy" ? true : undefined,
    );
    await identify(name);
    const spend = async () => {
      const { data: job } = await http.post<{ id: string }>("/start_job", { input_data: { topic: "spend" } });
      return until("the job has ended", async () => {
        const options = { params: { job_id: job.id } };
        const { data } = await http.get<{ status: string; result?: string }>("/status", options);
        return data.status === "running" ? undefined : data;
      });
    };
    const first = await spend();
    const { answered } = JSON.parse(first.result ?? "") as { answered: number };
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(20);
    await spend();
    await expect(spend()).rejects.toMatchObject({ response: { status: 503 } });
    const used = (await docker(["logs", name])).matchAll(/"tokens": ?(\d+)/g);
    const tokens = [...used].map(([, number]) => Number(number));
    expect(tokens.length).toBeGreaterThanOrEqual(1);
    expect(Math.max(...tokens)).toBeLessThan(2 * 2000);
  });

  it("refuse to start without the rights to separate users", async () => {
    await expect(
      docker(["run", "--rm", "--user=10001", ...variablesOf(crewEnvironment()), imageOf("alpha")]),
    ).rejects.toThrow(/must start as root with the capabilities SETUID and SETGID/);
    await expect(
      docker(["run", "--rm", "--cap-drop=ALL", ...variablesOf(crewEnvironment()), imageOf("alpha")]),
    ).rejects.toThrow(/must start as root with the capabilities SETUID and SETGID/);
  });

  it("go on with the volume of an older image, and end when no more jobs can be started", async () => {
    const volume = `${RUN}-older`;
    await docker(["volume", "create", volume]);
    onTestFinished(async () => void (await docker(["volume", "rm", "--force", volume])), PATIENCE_MS);
    const older =
      "mkdir -p /data/work/left /data/tmp /data/documents; echo > /data/kept; echo > /data/work/left/x";
    const mount = `--volume=${volume}:/data`;
    await docker(["run", "--rm", "--user=10001", mount, "--entrypoint=sh", imageOf("alpha"), "-c", older]);
    const { name } = await run(
      "alpha",
      { ...crewEnvironment(), AGENT_IDENTIFIER: IDENTIFIER },
      { mounts: [`${volume}:/data`] },
    );
    await until("it is healthy", async () =>
      (await inspect(name, ".State.Health.Status")) === "healthy" ? true : undefined,
    );
    const asRuntime = (command: string) => docker(["exec", "--user=10001", name, "sh", "-c", command]);
    expect(await asRuntime("ls -l /data/kept")).toMatch(/^-rw------- /);
    expect(await asRuntime("ls /data/work")).toBe("");

    const processes = (await docker(["top", name, "-o", "pid,args"])).split("\n");
    const server = processes.find((line) => line.includes("crew_runtime.runner.fork_server"));
    process.kill(Number.parseInt(server?.trim() ?? ""), "SIGKILL");
    await until("it has ended", async () =>
      (await inspect(name, ".State.Running")) === false ? true : undefined,
    );
    expect(await inspect(name, ".State.ExitCode")).toBe(2);
    expect(await docker(["logs", name])).not.toContain(SENTINEL);
  });

  it("know their identifier from a parameter in AWS Systems Manager", async () => {
    const parameter = "/project/stack/beta/identity";
    const store = await parameterStore(gateway, parameter, JSON.stringify({ agentIdentifier: IDENTIFIER }));
    onTestFinished(() => store.close());
    const { http } = await run("beta", {
      ...crewEnvironment(),
      IDENTITY_SSM_PARAMETER: parameter,
      AWS_ENDPOINT_URL: store.url,
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "example",
    });
    await until("it knows its identifier", async () => {
      const { data } = await http.get<{ agentIdentifier?: string }>("/availability");
      return data.agentIdentifier === IDENTIFIER ? true : undefined;
    });
    expect((await http.get<{ agent: string }>("/healthz")).data.agent).toBe("beta");
  });

  it("fetch documents that are too large for them from a bucket", async () => {
    const s3 = await LocalS3.start();
    onTestFinished(() => s3[Symbol.asyncDispose]());
    const reachable = await forward(gateway, new URL(s3.endpoint));
    onTestFinished(() => reachable.close());
    // Declared as a large one is: what it has is the same to a bucket.
    const content = Buffer.from("# Coffee\n\nCoffee wants 96 degrees.\n");
    const sha256 = createHash("sha256").update(content).digest("hex");
    await s3.client.createBucket({ Bucket: "documents" });
    await s3.client.putObject({ Bucket: "documents", Key: `crews/beta/${sha256}`, Body: content });
    const declared = JSON.parse(
      await docker(["run", "--rm", "--entrypoint=cat", imageOf("beta"), "/agent/crew.json"]),
    ) as object;
    const folder = mkdtempSync(join(tmpdir(), "masumi-image-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const documents = [
      { name: "docs/coffee.md", file: "documents/coffee.md", sha256, bytes: content.byteLength },
    ];
    writeFileSync(join(folder, "crew.json"), JSON.stringify({ ...declared, documents }), { mode: 0o644 });

    const { http } = await run(
      "beta",
      {
        ...crewEnvironment(),
        AGENT_IDENTIFIER: IDENTIFIER,
        DOCUMENTS_LOCATION: "s3://documents/crews/beta",
        DOCUMENTS_ENDPOINT: `${reachable.url}${new URL(s3.endpoint).pathname}`,
        DOCUMENTS_KEY: "test:test",
      },
      { mounts: [`${join(folder, "crew.json")}:/agent/crew.json:ro`] },
    );
    await until("its crew is built", async () =>
      (await http.get<{ crew: string }>("/healthz")).data.crew === "ready" ? true : undefined,
    );
    expect(s3.asked.filter(({ method }) => method === "GET").map(({ path }) => path)).toContain(
      `/storage/v1/s3/documents/crews/beta/${sha256}`,
    );
  });

  it("are an author's own as well", async () => {
    const { http, stop } = await run("own", {}, { locked: OWN });
    const { data } = await until("it answers", () => http.get<object>("/availability"));
    expect(data).toEqual({ status: "unavailable", type: "masumi-agent", user: 65534 });
    expect(await stop()).toBe(0);
  });
});
