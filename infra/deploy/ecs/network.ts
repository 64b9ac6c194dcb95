import * as aws from "@pulumi/aws";
import { HostingError } from "../../crews/errors.ts";
import type { AwsSettings } from "../../hosting/ecs/settings.ts";

export interface Network {
  readonly vpcId: string;
  /** Public subnets in at least two availability zones, sorted, because a different order would count as a change. */
  readonly subnetIds: readonly string[];
  /** Where crews run: in private subnets, otherwise in the same ones, where only a public address leads out. */
  readonly crews: { readonly subnetIds: readonly string[]; readonly publicIp: boolean };
}

/**
 * Returns the network in masumi:aws, or the account's default VPC: its subnets are public, so containers need no NAT gateway,
 * which would cost more than the containers.
 *
 * @throws HostingError HOSTING_NO_NETWORK
 */
export async function findNetwork(settings: AwsSettings): Promise<Network> {
  const { privateSubnetIds } = settings;
  const found = await findPublic(settings);
  return {
    ...found,
    crews: {
      subnetIds: privateSubnetIds?.toSorted() ?? found.subnetIds,
      publicIp: privateSubnetIds === undefined,
    },
  };
}

async function findPublic({ vpcId, subnetIds, region = "" }: AwsSettings): Promise<Omit<Network, "crews">> {
  if (vpcId && subnetIds) return { vpcId, subnetIds: subnetIds.toSorted() };
  const defaultVpc = await aws.ec2.getVpc({ default: true }).catch((cause: unknown) => {
    throw noNetwork(`The account's default VPC in ${region} was not found.`, cause);
  });
  const { ids } = await aws.ec2.getSubnets({
    filters: [
      { name: "vpc-id", values: [defaultVpc.id] },
      { name: "default-for-az", values: ["true"] },
    ],
  });
  if (ids.length < 2) {
    throw noNetwork(
      `The account's default VPC in ${region} has ${ids.length} default subnets; two are needed.`,
    );
  }
  return { vpcId: defaultVpc.id, subnetIds: ids.toSorted() };
}

const noNetwork = (what: string, cause?: unknown) =>
  new HostingError(
    "HOSTING_NO_NETWORK",
    what,
    "Check the AWS credentials, create a default VPC with aws ec2 create-default-vpc, or name another VPC and its public " +
      "subnets in masumi:aws.vpcId and subnetIds.",
    { cause },
  );
