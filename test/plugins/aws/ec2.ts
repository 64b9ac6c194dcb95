import { z } from "zod";
import { type Aws, ifThere, told } from "./clients.ts";
import { invoke, resource, tagged } from "./types.ts";

export const getVpc = invoke({
  inputs: z.strictObject({ default: z.literal(true) }),
  async run(_inputs, { client }) {
    const ec2 = await client.ec2();
    const { Vpcs = [] } = await ec2.describeVpcs({ Filters: [{ Name: "is-default", Values: ["true"] }] });
    const [vpc] = Vpcs;
    if (!vpc) throw new Error("no matching EC2 VPC found");
    return { id: told(vpc.VpcId, "the VPC's id"), cidrBlock: vpc.CidrBlock ?? "", default: true };
  },
});

export const getSubnets = invoke({
  inputs: z.strictObject({
    filters: z.array(z.strictObject({ name: z.string(), values: z.array(z.string()) })),
  }),
  async run({ filters }, { client }) {
    const ec2 = await client.ec2();
    const { Subnets = [] } = await ec2.describeSubnets({
      Filters: filters.map(({ name, values }) => ({ Name: name, Values: values })),
    });
    return { id: client.region, ids: Subnets.map(({ SubnetId }) => told(SubnetId, "a subnet's id")) };
  },
});

export const securityGroup = resource({
  inputs: z.strictObject({ ...tagged, name: z.string(), vpcId: z.string(), description: z.string() }),
  outputs: z.object({ arn: z.string() }),
  autoName: { input: "name" },

  async create({ name, vpcId, description }, { client }) {
    const ec2 = await client.ec2();
    const made = await ec2.createSecurityGroup({
      GroupName: name,
      VpcId: vpcId,
      Description: description,
    });
    const id = told(made.GroupId, "the security group's id");
    // AWS lets a new group reach everything; the provider takes that away, so that rules alone count.
    const everything = { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
    await ifThere(ec2.revokeSecurityGroupEgress({ GroupId: id, IpPermissions: [everything] }));
    return { id, outputs: { arn: made.SecurityGroupArn ?? `arn:aws:ec2:${client.region}::${id}` } };
  },
  async read(id, known, { client }) {
    const ec2 = await client.ec2();
    return (await ifThere(ec2.describeSecurityGroups({ GroupIds: [id] }))) && known;
  },
  async delete(id, _old, { client }) {
    const ec2 = await client.ec2();
    await ifThere(ec2.deleteSecurityGroup({ GroupId: id }));
  },
});

const ruleInputs = z.strictObject({
  ...tagged,
  securityGroupId: z.string(),
  ipProtocol: z.string(),
  cidrIpv4: z.string().optional(),
  referencedSecurityGroupId: z.string().optional(),
  fromPort: z.number().optional(),
  toPort: z.number().optional(),
});

const permission = (inputs: z.infer<typeof ruleInputs>) => ({
  IpProtocol: inputs.ipProtocol,
  ...(inputs.fromPort === undefined ? {} : { FromPort: inputs.fromPort }),
  ...(inputs.toPort === undefined ? {} : { ToPort: inputs.toPort }),
  ...(inputs.cidrIpv4 ? { IpRanges: [{ CidrIp: inputs.cidrIpv4 }] } : {}),
  ...(inputs.referencedSecurityGroupId
    ? { UserIdGroupPairs: [{ GroupId: inputs.referencedSecurityGroupId }] }
    : {}),
});

async function isRule(client: Aws, id: string): Promise<boolean> {
  const ec2 = await client.ec2();
  const found = await ifThere(ec2.describeSecurityGroupRules({ SecurityGroupRuleIds: [id] }));
  return (found?.SecurityGroupRules ?? []).length > 0;
}

const rule = (direction: "Ingress" | "Egress") =>
  resource({
    inputs: ruleInputs,
    outputs: z.object({ securityGroupRuleId: z.string() }),

    async create(inputs, { client }) {
      const ec2 = await client.ec2();
      const request = { GroupId: inputs.securityGroupId, IpPermissions: [permission(inputs)] };
      const { SecurityGroupRules = [] } =
        direction === "Ingress"
          ? await ec2.authorizeSecurityGroupIngress(request)
          : await ec2.authorizeSecurityGroupEgress(request);
      const id = told(SecurityGroupRules[0]?.SecurityGroupRuleId, "the rule's id");
      return { id, outputs: { securityGroupRuleId: id } };
    },
    async read(id, known, { client }) {
      return (await isRule(client, id)) ? known : undefined;
    },
    async delete(id, { inputs }, { client }) {
      const ec2 = await client.ec2();
      const request = { GroupId: inputs.securityGroupId, SecurityGroupRuleIds: [id] };
      await ifThere(
        direction === "Ingress"
          ? ec2.revokeSecurityGroupIngress(request)
          : ec2.revokeSecurityGroupEgress(request),
      );
    },
  });

export const ingressRule = rule("Ingress");
export const egressRule = rule("Egress");
