// The docker provider as far as the hostings `docker` and `ecs-alb` use it, for tests on real containers. What it does and what it
// leaves undone is what the real one of @pulumi/docker 5.2.0 does: a test that passes here says something about the program.
import { z } from "zod";
import { servePackage } from "../server/serve.ts";
import { container } from "./container.ts";
import { DockerEngine } from "./engine.ts";
import { image } from "./image.ts";
import { network } from "./network.ts";
import { remoteImage } from "./remote-image.ts";
import { volume } from "./volume.ts";

servePackage({
  name: "docker",
  version: "5.2.0",
  config: z.strictObject({ host: z.string().optional() }),
  connect: ({ host }) => new DockerEngine(host || process.env["DOCKER_HOST"]),
  resources: {
    "docker:index/container:Container": container,
    "docker:index/image:Image": image,
    "docker:index/network:Network": network,
    "docker:index/remoteImage:RemoteImage": remoteImage,
    "docker:index/volume:Volume": volume,
  },
  invokes: {},
});
