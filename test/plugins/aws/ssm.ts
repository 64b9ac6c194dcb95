import { z } from "zod";
import { ifThere, told } from "./clients.ts";
import { resource, tagged } from "./types.ts";

export const parameter = resource({
  inputs: z.strictObject({
    ...tagged,
    name: z.string(),
    type: z.literal("String"),
    description: z.string(),
    value: z.string(),
  }),
  outputs: z.object({ version: z.number() }),
  renewed: ["version"],
  replaces: ["name"],

  async create({ name, type, description, value }, { client }) {
    const ssm = await client.ssm();
    const { Version } = await ssm.putParameter({
      Name: name,
      Type: type,
      Description: description,
      Value: value,
      Overwrite: false,
    });
    return { id: name, outputs: { version: told(Version, "the parameter's version") } };
  },
  async read(id, known, { client }) {
    const ssm = await client.ssm();
    const found = await ifThere(ssm.getParameter({ Name: id }));
    return (
      found && {
        inputs: { ...known.inputs, value: told(found.Parameter?.Value, "the parameter's value") },
        outputs: { version: found.Parameter?.Version ?? 0 },
      }
    );
  },
  async update(id, { type, description, value }, _old, { client }) {
    const ssm = await client.ssm();
    const { Version } = await ssm.putParameter({
      Name: id,
      Type: type,
      Description: description,
      Value: value,
      Overwrite: true,
    });
    return { version: told(Version, "the parameter's version") };
  },
  async delete(id, _old, { client }) {
    const ssm = await client.ssm();
    await ifThere(ssm.deleteParameter({ Name: id }));
  },
});
