import { z } from "zod";
import { ifThere, told } from "./clients.ts";
import { invoke, resource, tagged } from "./types.ts";

/** Images are pushed and pulled at the emulator's own address: no machine resolves the names of AWS's registries to it. */
export const repository = resource({
  inputs: z.strictObject({
    ...tagged,
    name: z.string(),
    forceDelete: z.boolean().default(false),
    imageTagMutability: z.enum(["MUTABLE", "IMMUTABLE"]).default("MUTABLE"),
    imageScanningConfiguration: z.strictObject({ scanOnPush: z.boolean() }).optional(),
  }),
  outputs: z.object({ arn: z.string(), registryId: z.string(), repositoryUrl: z.string() }),
  autoName: { input: "name" },

  async create({ name, imageTagMutability, imageScanningConfiguration }, { client }) {
    const ecr = await client.ecr();
    const { repository: made } = await ecr.createRepository({
      repositoryName: name,
      imageTagMutability,
      imageScanningConfiguration,
    });
    const outputs = {
      arn: told(made?.repositoryArn, "the repository's ARN"),
      registryId: told(made?.registryId, "the registry's id"),
      repositoryUrl: `${client.registry}/${name}`,
    };
    return { id: name, outputs };
  },
  async read(id, known, { client }) {
    const ecr = await client.ecr();
    return (await ifThere(ecr.describeRepositories({ repositoryNames: [id] }))) && known;
  },
  async delete(id, { inputs }, { client }) {
    const ecr = await client.ecr();
    await ifThere(ecr.deleteRepository({ repositoryName: id, force: inputs.forceDelete }));
  },
});

export const lifecyclePolicy = resource({
  inputs: z.strictObject({ repository: z.string(), policy: z.string() }),
  outputs: z.object({}),

  async create({ repository: repositoryName, policy }, { client }) {
    const ecr = await client.ecr();
    await ecr.putLifecyclePolicy({ repositoryName, lifecyclePolicyText: policy });
    return { id: repositoryName, outputs: {} };
  },
  async read(id, known, { client }) {
    const ecr = await client.ecr();
    return (await ifThere(ecr.getLifecyclePolicy({ repositoryName: id }))) && known;
  },
  async delete(id, _old, { client }) {
    const ecr = await client.ecr();
    await ifThere(ecr.deleteLifecyclePolicy({ repositoryName: id }));
  },
});

export const getAuthorizationToken = invoke({
  inputs: z.strictObject({ registryId: z.string() }),
  secrets: ["authorizationToken", "password"],
  async run(_inputs, { client }) {
    const ecr = await client.ecr();
    const { authorizationData = [] } = await ecr.getAuthorizationToken({});
    const token = told(authorizationData[0]?.authorizationToken, "the registry's token");
    const [userName = "", password = ""] = Buffer.from(token, "base64").toString().split(":");
    return {
      id: client.region,
      authorizationToken: token,
      userName,
      password,
      proxyEndpoint: `http://${client.registry}`,
      expiresAt: authorizationData[0]?.expiresAt?.toISOString() ?? "",
    };
  },
});
