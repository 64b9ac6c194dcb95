import { z } from "zod";
import { ifThere, told } from "./clients.ts";
import { invoke, resource, tagged } from "./types.ts";

export const getCallerIdentity = invoke({
  inputs: z.strictObject({}),
  async run(_inputs, { client }) {
    const sts = await client.sts();
    const { Account, Arn, UserId } = await sts.getCallerIdentity({});
    const accountId = told(Account, "the account");
    return { id: accountId, accountId, arn: told(Arn, "the caller's ARN"), userId: UserId ?? "" };
  },
});

export const role = resource({
  inputs: z.strictObject({
    ...tagged,
    name: z.string(),
    path: z.string().optional(),
    assumeRolePolicy: z.string(),
  }),
  outputs: z.object({ arn: z.string() }),
  replaces: ["name", "path"],
  autoName: { input: "name", maxLength: 64 },

  async create({ name, path, assumeRolePolicy }, { client }) {
    const iam = await client.iam();
    const { Role } = await iam.createRole({
      RoleName: name,
      Path: path,
      AssumeRolePolicyDocument: assumeRolePolicy,
    });
    return { id: name, outputs: { arn: told(Role?.Arn, "the role's ARN") } };
  },
  async read(id, known, { client }) {
    const iam = await client.iam();
    return (await ifThere(iam.getRole({ RoleName: id }))) && known;
  },
  async update(id, { assumeRolePolicy }, { outputs }, { client }) {
    const iam = await client.iam();
    await iam.updateAssumeRolePolicy({ RoleName: id, PolicyDocument: assumeRolePolicy });
    return outputs;
  },
  async delete(id, _old, { client }) {
    const iam = await client.iam();
    await ifThere(iam.deleteRole({ RoleName: id }));
  },
});

export const rolePolicy = resource({
  inputs: z.strictObject({ name: z.string(), role: z.string(), policy: z.string() }),
  outputs: z.object({}),
  replaces: ["name", "role"],
  autoName: { input: "name", maxLength: 128 },

  async create({ name, role: roleName, policy }, { client }) {
    const iam = await client.iam();
    await iam.putRolePolicy({ RoleName: roleName, PolicyName: name, PolicyDocument: policy });
    return { id: `${roleName}:${name}`, outputs: {} };
  },
  async read(_id, known, { client }) {
    const iam = await client.iam();
    const { role: RoleName, name: PolicyName } = known.inputs;
    return (await ifThere(iam.getRolePolicy({ RoleName, PolicyName }))) && known;
  },
  async update(_id, { name, role: roleName, policy }, { outputs }, { client }) {
    const iam = await client.iam();
    await iam.putRolePolicy({ RoleName: roleName, PolicyName: name, PolicyDocument: policy });
    return outputs;
  },
  async delete(_id, { inputs }, { client }) {
    const iam = await client.iam();
    await ifThere(iam.deleteRolePolicy({ RoleName: inputs.role, PolicyName: inputs.name }));
  },
});

export const rolePolicyAttachment = resource({
  inputs: z.strictObject({ role: z.string(), policyArn: z.string() }),
  outputs: z.object({}),

  async create({ role: roleName, policyArn }, { client }) {
    const iam = await client.iam();
    await iam.attachRolePolicy({ RoleName: roleName, PolicyArn: policyArn });
    return { id: `${roleName}/${policyArn}`, outputs: {} };
  },
  async read(_id, known, { client }) {
    const iam = await client.iam();
    const found = await ifThere(iam.listAttachedRolePolicies({ RoleName: known.inputs.role }));
    const attached = found?.AttachedPolicies?.some(({ PolicyArn }) => PolicyArn === known.inputs.policyArn);
    return attached ? known : undefined;
  },
  async delete(_id, { inputs }, { client }) {
    const iam = await client.iam();
    await ifThere(iam.detachRolePolicy({ RoleName: inputs.role, PolicyArn: inputs.policyArn }));
  },
});
