import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Publisher } from "./publish.ts";

const RECORD = "AWS::AgentRegistry::RegistryRecord";

/** Makes the record by AWS's Cloud Control API: the AWS provider of this version has registries, and no records. */
export const publish: Publisher = (name, entry, options) =>
  new aws.cloudcontrol.Resource(
    name,
    { typeName: RECORD, desiredState: pulumi.jsonStringify(entry) },
    options,
  );
