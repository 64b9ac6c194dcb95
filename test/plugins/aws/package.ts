/**
 * The aws provider's part in the tests: the resources and functions that the hosting ecs-alb uses, applied to an emulator. It proves the
 * program and the runtime; of the real provider's behaviour it has what the program depends on.
 */
import { z } from "zod";
import type { Package, ResourceType } from "../server/package.ts";
import { certificate, certificateValidation } from "./acm.ts";
import { type Aws, connect } from "./clients.ts";
import { egressRule, getSubnets, getVpc, ingressRule, securityGroup } from "./ec2.ts";
import { getAuthorizationToken, lifecyclePolicy, repository } from "./ecr.ts";
import { cluster, clusterCapacityProviders, service, taskDefinition } from "./ecs.ts";
import { getLoadBalancer, listener, listenerRule, loadBalancer, targetGroup } from "./elb.ts";
import { getCallerIdentity, role, rolePolicy, rolePolicyAttachment } from "./iam.ts";
import { logGroup } from "./logs.ts";
import { getZone, record } from "./route53.ts";
import { secret, secretVersion } from "./secrets.ts";
import { parameter } from "./ssm.ts";

const resources: Readonly<Record<string, ResourceType<Aws>>> = {
  "aws:acm/certificate:Certificate": certificate,
  "aws:acm/certificateValidation:CertificateValidation": certificateValidation,
  "aws:cloudwatch/logGroup:LogGroup": logGroup,
  "aws:ec2/securityGroup:SecurityGroup": securityGroup,
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": lifecyclePolicy,
  "aws:ecr/repository:Repository": repository,
  "aws:ecs/cluster:Cluster": cluster,
  "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": clusterCapacityProviders,
  "aws:ecs/service:Service": service,
  "aws:ecs/taskDefinition:TaskDefinition": taskDefinition,
  "aws:iam/role:Role": role,
  "aws:iam/rolePolicy:RolePolicy": rolePolicy,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": rolePolicyAttachment,
  "aws:lb/listener:Listener": listener,
  "aws:lb/listenerRule:ListenerRule": listenerRule,
  "aws:lb/loadBalancer:LoadBalancer": loadBalancer,
  "aws:lb/targetGroup:TargetGroup": targetGroup,
  "aws:route53/record:Record": record,
  "aws:secretsmanager/secret:Secret": secret,
  "aws:secretsmanager/secretVersion:SecretVersion": secretVersion,
  "aws:ssm/parameter:Parameter": parameter,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": egressRule,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ingressRule,
};

export const aws: Package<Aws> = {
  name: "aws",
  version: "7.48.0",
  config: z.strictObject({ region: z.string() }),
  connect,
  resources,
  invokes: {
    "aws:ec2/getSubnets:getSubnets": getSubnets,
    "aws:ec2/getVpc:getVpc": getVpc,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": getAuthorizationToken,
    "aws:index/getCallerIdentity:getCallerIdentity": getCallerIdentity,
    "aws:lb/getLoadBalancer:getLoadBalancer": getLoadBalancer,
    "aws:route53/getZone:getZone": getZone,
  },
};
