/** The docker provider of the tests, on the machine's own engine. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { baseImage } from "../image/base-image.ts";
import { RUN, docker, engineIsRequired, engineIsThere, inspect } from "../image/docker.ts";
import { until } from "../cloud/processes.ts";
import { PLUGINS, PluginProject, steps } from "./helpers/project.ts";
import { startRegistry } from "./helpers/registry.ts";

const left = !engineIsThere && !engineIsRequired;
if (left)
  console.warn("LEFT OUT: the docker plugin is not tried, as there is no Docker engine here (docker info).");

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const BASE = join(import.meta.dirname, "../../crew/Dockerfile");
describe.skipIf(left)("the docker plugin", () => {
  let base: string;
  let project: PluginProject;
  let removeBase = false;

  const dockerfile = (command = '"python3", "-m", "http.server", "-d", "/www", "8000"') => `ARG BASE_IMAGE
FROM \${BASE_IMAGE}
LABEL test=${RUN}
COPY page.html /www/
CMD [${command}]
`;

  beforeAll(async () => {
    const found = await baseImage(BASE);
    base = found.name;
    removeBase = found.kind === "a stand-in";
  });
  afterAll(async () => {
    if (removeBase) await docker(["rmi", base]);
  });

  beforeEach(async () => {
    project = await PluginProject.create(PLUGINS);
    project.write("site/Dockerfile", dockerfile());
    project.write("site/page.html", "one");
  });
  afterEach(async () => {
    await project.destroy();
    const tags = (await docker(["images", "--quiet", "--filter", `reference=${RUN}-plugin`])).split("\n");
    if (tags[0]) await docker(["rmi", "--force", ...new Set(tags)]);
    // What lost its tag to a later build.
    await docker(["image", "prune", "--force", "--filter", `label=test=${RUN}`]);
    project.remove();
  });

  const image = (more = "skipPush: true", name = `${RUN}-plugin:site`) => `
    import * as docker from "@pulumi/docker";
    const image = new docker.Image("image", {
      imageName: ${JSON.stringify(name)},
      build: { context: "site", dockerfile: "site/Dockerfile", platform: "linux/${process.arch === "arm64" ? "arm64" : "amd64"}", builderVersion: "BuilderBuildKit", args: { BASE_IMAGE: "${base}" } },
      ${more}
    });
    export const digest = image.repoDigest;
  `;
  const site = (more = "", memory = 64) => `${image()}
    const volume = new docker.Volume("volume", { name: "${RUN}-volume" });
    const container = new docker.Container("container", {
      name: "${RUN}-site",
      image: image.repoDigest,
      envs: [pulumi.secret("WORD=hush")],
      ports: [{ internal: 8000, external: 0, ip: "127.0.0.1" }],
      volumes: [{ volumeName: volume.name, containerPath: "/data" }],
      cpus: "0.5",
      memory: ${memory},
      memorySwap: ${memory},
      networkMode: "bridge",
      ${more}
    });
  `;
  const page = async () => {
    const address = await docker(["port", `${RUN}-site`, "8000/tcp"]);
    return until("the page is there", 30_000, async () =>
      (await fetch(`http://${address}/page.html`)).text(),
    );
  };
  const exists = (kind: string, name: string) =>
    docker([kind, "inspect", name]).then(
      () => true,
      () => false,
    );

  it("builds, runs, changes, repairs and removes", async () => {
    expect(steps(await project.up(site()))).toEqual(["create container", "create image", "create volume"]);
    expect(await page()).toBe("one");
    expect(await inspect(`${RUN}-site`, ".Config.Env")).toContain("WORD=hush");
    expect(steps(await project.up())).toEqual([]);
    await project.refresh();
    expect(steps(await project.up()), "nothing was changed by hand").toEqual([]);

    project.write("site/page.html", "two");
    expect(steps(await project.up())).toEqual(expect.arrayContaining(["replace container", "update image"]));
    expect(await page()).toBe("two");

    const roomier = site("restart: 'unless-stopped',", 80);
    expect(steps(await project.up(roomier))).toEqual(["update container"]);
    expect(await inspect(`${RUN}-site`, ".HostConfig.Memory")).toBe(80 * 1024 * 1024);

    await docker(["stop", "--time", "1", `${RUN}-site`]);
    await project.refresh();
    expect(steps(await project.up()), "what was stopped is started").toEqual(["update container"]);
    expect(await inspect(`${RUN}-site`, ".State.Running")).toBe(true);

    await docker(["rm", "--force", `${RUN}-site`]);
    await project.refresh();
    expect(steps(await project.up()), "what was removed is made anew").toEqual(["create container"]);

    await project.destroy();
    expect(await exists("container", `${RUN}-site`)).toBe(false);
    expect(await exists("volume", `${RUN}-volume`)).toBe(false);
    expect(await exists("image", `${RUN}-plugin:site`), "as the real provider leaves it").toBe(true);
  });

  it("pushes with the credentials that it is given, and tells the digest; new ones alone change nothing", async () => {
    const registry = await startRegistry("someone", "hush");
    onTestFinished(() => registry.close());
    const name = `${registry.host}/${RUN}-plugin:site`;
    project.write("site/Dockerfile", "FROM scratch\nCOPY page.html /\n");
    onTestFinished(async () => void (await docker(["rmi", name])));
    const pushed = (password: string) =>
      image(`registry: { server: "${registry.host}", username: "someone", password: "${password}" }`, name);
    expect(await project.failure(pushed("wrong"))).toMatch(/unauthorized|authentication required/i);

    const { outputs } = await project.up(pushed("hush"));
    const digest = registry.manifests.get(`${RUN}-plugin:site`);
    expect(outputs).toEqual({ digest: `${registry.host}/${RUN}-plugin@${digest}` });
    expect(steps(await project.up(pushed("another")))).toEqual([]);
  });

  it("uses the image that the engine has, or else would pull it", async () => {
    const remote = (name: string) => `
      import * as docker from "@pulumi/docker";
      export const id = new docker.RemoteImage("image", { name: "${name}", keepLocally: true }).imageId;
    `;
    const { outputs } = await project.up(remote(base));
    expect(outputs).toEqual({ id: await inspect(base, ".Id") });
    expect(await project.failure(remote("127.0.0.1:1/nothing"))).toMatch(/127\.0\.0\.1:1/);
  });

  it("tells why a build fails, with what it said last", async () => {
    project.write("site/Dockerfile", `${dockerfile()}RUN echo "no flour left" && false\n`);
    expect(await project.failure(image())).toMatch(/echo[^]*exit code: 1[^]*no flour left/);
  });

  it("keeps a container that cannot start, with the engine's reason", async () => {
    project.write("site/Dockerfile", dockerfile('"no-such-program"'));
    expect(await project.failure(site())).toMatch(/no-such-program.*executable file not found/);
    expect(await exists("container", `${RUN}-site`)).toBe(true);
    project.write("site/Dockerfile", dockerfile());
    expect(steps(await project.up())).toContain("replace container");
    expect(await page()).toBe("one");
  });

  it("refuses what the program does not use", async () => {
    const text = `new docker.Container("container", { name: "x", image: "x", privileged: true,
      ports: [{ internal: 1, external: 2, protocol: "udp" }] });`;
    expect(await project.failure(`import * as docker from "@pulumi/docker";\n${text}`)).toMatch(
      /ports\.0\.protocol is not an input[^]*privileged is not an input/,
    );
  });
});
