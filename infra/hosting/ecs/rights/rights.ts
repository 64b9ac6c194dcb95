import type { ConditionName, Place } from "./places.ts";

/** One or more actions, separated by blanks, on one or more places. */
export interface Grant {
  readonly actions: string;
  readonly on: readonly Place[];
  readonly when?: ConditionName;
}

const grant = (actions: string, on: Place | readonly Place[], when?: ConditionName): Grant => ({
  actions,
  on: typeof on === "string" ? [on] : on,
  ...(when ? { when } : {}),
});

/** What is needed to look at one type of resource, and to make, change and remove it. */
export interface Rights {
  readonly reads?: readonly Grant[];
  readonly writes?: readonly Grant[];
}

/** The policy that a type's rights are part of: one would exceed the size that IAM allows. */
export type Part = "containers" | "network" | "names" | "access";

const CONTAINERS: Readonly<Record<string, Rights>> = {
  "aws:ecs/cluster:Cluster": {
    reads: [grant("ecs:DescribeClusters ecs:ListTagsForResource", ["cluster", "defaultCluster"])],
    writes: [
      grant(
        "ecs:CreateCluster ecs:DeleteCluster ecs:UpdateCluster ecs:UpdateClusterSettings ecs:TagResource ecs:UntagResource",
        "cluster",
      ),
    ],
  },
  "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {
    reads: [grant("ecs:DescribeClusters", "cluster")],
    writes: [grant("ecs:PutClusterCapacityProviders", "cluster")],
  },
  "aws:ecs/taskDefinition:TaskDefinition": {
    reads: [grant("ecs:DescribeTaskDefinition", "*"), grant("ecs:ListTagsForResource", "taskDefinition")],
    writes: [
      grant("ecs:RegisterTaskDefinition ecs:TagResource ecs:UntagResource", "taskDefinition"),
      grant("ecs:DeregisterTaskDefinition", "*"),
    ],
  },
  "aws:ecs/service:Service": {
    reads: [grant("ecs:DescribeServices ecs:ListTagsForResource", "service")],
    writes: [
      grant(
        "ecs:CreateService ecs:UpdateService ecs:DeleteService ecs:TagResource ecs:UntagResource",
        "service",
      ),
    ],
  },
  "aws:ecs/expressGatewayService:ExpressGatewayService": {
    reads: [
      grant("ecs:DescribeExpressGatewayService ecs:DescribeServices ecs:ListTagsForResource", "service"),
      grant("ecs:DescribeServiceRevisions", ["service", "serviceRevision"]),
    ],
    writes: [
      grant(
        "ecs:CreateExpressGatewayService ecs:UpdateExpressGatewayService ecs:DeleteExpressGatewayService " +
          "ecs:TagResource ecs:UntagResource",
        "service",
      ),
    ],
  },
  "aws:appautoscaling/target:Target": {
    reads: [
      grant("application-autoscaling:DescribeScalableTargets", "*"),
      grant("application-autoscaling:ListTagsForResource", "scalableTarget"),
    ],
    writes: [
      grant(
        "application-autoscaling:RegisterScalableTarget application-autoscaling:DeregisterScalableTarget",
        "scalableTarget",
        "ofEcs",
      ),
      grant("application-autoscaling:TagResource application-autoscaling:UntagResource", "scalableTarget"),
    ],
  },
  "aws:appautoscaling/policy:Policy": {
    reads: [grant("application-autoscaling:DescribeScalingPolicies", "*")],
    writes: [
      grant(
        "application-autoscaling:PutScalingPolicy application-autoscaling:DeleteScalingPolicy",
        "scalableTarget",
        "ofEcs",
      ),
    ],
  },
  "aws:ecr/repository:Repository": {
    reads: [grant("ecr:DescribeRepositories ecr:ListTagsForResource", "repository")],
    writes: [
      grant(
        "ecr:CreateRepository ecr:DeleteRepository ecr:PutImageScanningConfiguration ecr:PutImageTagMutability " +
          "ecr:TagResource ecr:UntagResource",
        "repository",
      ),
      grant("kms:DescribeKey kms:CreateGrant kms:RetireGrant", "key", "forAws"),
    ],
  },
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": {
    reads: [grant("ecr:GetLifecyclePolicy", "repository")],
    writes: [grant("ecr:PutLifecyclePolicy ecr:DeleteLifecyclePolicy", "repository")],
  },
  "aws:ecr/getAuthorizationToken:getAuthorizationToken": { reads: [grant("ecr:GetAuthorizationToken", "*")] },
  "docker:index/image:Image": {
    writes: [
      grant(
        "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer ecr:InitiateLayerUpload " +
          "ecr:UploadLayerPart ecr:CompleteLayerUpload ecr:PutImage",
        "repository",
      ),
    ],
  },
  "pulumi-nodejs:dynamic/crew:EcrImages": {
    writes: [grant("ecr:ListImages ecr:BatchDeleteImage", "repository")],
  },
  "pulumi-nodejs:dynamic/crew:EcsRollout": {
    reads: [
      grant("ecs:DescribeServices", "service"),
      grant("ecs:DescribeTaskDefinition", "*"),
      grant("ecs:ListTasks", "*", "inCluster"),
      grant("ecs:DescribeTasks", "task"),
      grant("logs:GetLogEvents logs:FilterLogEvents", "logGroup"),
    ],
    writes: [grant("ecs:UpdateService", "service")],
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    reads: [grant("logs:DescribeLogGroups", "*"), grant("logs:ListTagsForResource", "logGroup")],
    writes: [
      grant(
        "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:DeleteRetentionPolicy " +
          "logs:AssociateKmsKey logs:DisassociateKmsKey logs:TagResource logs:UntagResource",
        "logGroup",
      ),
    ],
  },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": {
    reads: [grant("logs:DescribeMetricFilters", "logGroup")],
    writes: [grant("logs:PutMetricFilter logs:DeleteMetricFilter", "logGroup")],
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    reads: [grant("cloudwatch:DescribeAlarms", "alarms"), grant("cloudwatch:ListTagsForResource", "alarm")],
    writes: [
      grant(
        "cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms cloudwatch:TagResource cloudwatch:UntagResource",
        "alarm",
      ),
    ],
  },
};

const NETWORK: Readonly<Record<string, Rights>> = {
  "aws:ec2/getVpc:getVpc": {
    reads: [grant("ec2:DescribeVpcs", "*"), grant("ec2:DescribeVpcAttribute", "vpc")],
  },
  "aws:ec2/getSubnets:getSubnets": { reads: [grant("ec2:DescribeSubnets", "*")] },
  "aws:ec2/securityGroup:SecurityGroup": {
    reads: [grant("ec2:DescribeSecurityGroups ec2:DescribeNetworkInterfaces", "*")],
    writes: [
      grant("ec2:CreateSecurityGroup", "securityGroup", "tagged"),
      grant("ec2:CreateSecurityGroup", "vpc"),
      grant("ec2:CreateTags", ["securityGroup", "securityGroupRule"], "created"),
      grant("ec2:CreateTags ec2:DeleteTags", ["securityGroup", "securityGroupRule"], "owned"),
      grant("ec2:DeleteSecurityGroup ec2:RevokeSecurityGroupEgress", "securityGroup", "owned"),
    ],
  },
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
    reads: [grant("ec2:DescribeSecurityGroupRules", "*")],
    writes: [
      grant("ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress", "securityGroup", "owned"),
      grant("ec2:AuthorizeSecurityGroupEgress", "securityGroupRule", "tagged"),
      grant("ec2:ModifySecurityGroupRules", ["securityGroup", "securityGroupRule"], "owned"),
    ],
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    reads: [grant("ec2:DescribeSecurityGroupRules", "*")],
    writes: [
      grant("ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress", "securityGroup", "owned"),
      grant("ec2:AuthorizeSecurityGroupIngress", "securityGroupRule", "tagged"),
      grant("ec2:ModifySecurityGroupRules", ["securityGroup", "securityGroupRule"], "owned"),
    ],
  },
  "aws:lb/getLoadBalancer:getLoadBalancer": {
    reads: [
      grant(
        "elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeLoadBalancerAttributes " +
          "elasticloadbalancing:DescribeTags",
        "*",
      ),
    ],
  },
  "aws:lb/loadBalancer:LoadBalancer": {
    reads: [
      grant(
        "elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeLoadBalancerAttributes " +
          "elasticloadbalancing:DescribeCapacityReservation elasticloadbalancing:DescribeTags",
        "*",
      ),
    ],
    writes: [
      grant(
        "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:ModifyLoadBalancerAttributes " +
          "elasticloadbalancing:SetSecurityGroups elasticloadbalancing:SetSubnets elasticloadbalancing:SetIpAddressType " +
          "elasticloadbalancing:DeleteLoadBalancer",
        "loadBalancer",
      ),
      grant("elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags", [
        "loadBalancer",
        "listener",
        "listenerRule",
      ]),
    ],
  },
  "aws:lb/listener:Listener": {
    reads: [
      grant("elasticloadbalancing:DescribeListeners elasticloadbalancing:DescribeListenerAttributes", "*"),
    ],
    writes: [
      grant("elasticloadbalancing:CreateListener", "loadBalancer"),
      grant(
        "elasticloadbalancing:ModifyListener elasticloadbalancing:ModifyListenerAttributes " +
          "elasticloadbalancing:DeleteListener",
        "listener",
      ),
    ],
  },
  "aws:lb/listenerRule:ListenerRule": {
    reads: [grant("elasticloadbalancing:DescribeRules", "*")],
    writes: [
      grant("elasticloadbalancing:CreateRule", "listener"),
      grant(
        "elasticloadbalancing:ModifyRule elasticloadbalancing:SetRulePriorities elasticloadbalancing:DeleteRule",
        "listenerRule",
      ),
    ],
  },
  "aws:lb/targetGroup:TargetGroup": {
    reads: [
      grant(
        "elasticloadbalancing:DescribeTargetGroups elasticloadbalancing:DescribeTargetGroupAttributes " +
          "elasticloadbalancing:DescribeTargetHealth",
        "*",
      ),
    ],
    writes: [
      grant("elasticloadbalancing:CreateTargetGroup", "targetGroup", "tagged"),
      grant("elasticloadbalancing:AddTags", "targetGroup", "createdTargetGroup"),
      grant(
        "elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags elasticloadbalancing:ModifyTargetGroup " +
          "elasticloadbalancing:ModifyTargetGroupAttributes elasticloadbalancing:DeleteTargetGroup",
        "targetGroup",
        "owned",
      ),
    ],
  },
  "aws:wafv2/webAclAssociation:WebAclAssociation": {
    reads: [grant("wafv2:GetWebACLForResource", ["loadBalancer", "webAcl"])],
    writes: [
      grant("wafv2:AssociateWebACL", ["loadBalancer", "webAcl"]),
      grant("wafv2:DisassociateWebACL", "loadBalancer"),
      grant("elasticloadbalancing:SetWebACL", "*"),
    ],
  },
};

const NAMES: Readonly<Record<string, Rights>> = {
  "aws:acm/certificate:Certificate": {
    reads: [grant("acm:DescribeCertificate acm:ListTagsForCertificate", "certificate")],
    writes: [
      grant("acm:RequestCertificate", "*", "tagged"),
      grant("acm:AddTagsToCertificate", "certificate", "tagged"),
      grant(
        "acm:AddTagsToCertificate acm:RemoveTagsFromCertificate acm:DeleteCertificate",
        "certificate",
        "owned",
      ),
    ],
  },
  "aws:acm/certificateValidation:CertificateValidation": {
    reads: [grant("acm:DescribeCertificate", "certificate")],
  },
  "aws:route53/getZone:getZone": {
    reads: [
      grant("route53:ListHostedZones route53:ListHostedZonesByName", "*"),
      grant("route53:GetHostedZone route53:ListTagsForResource", "zone"),
    ],
  },
  "aws:route53/record:Record": {
    reads: [
      grant("route53:GetHostedZone route53:ListResourceRecordSets", "zone"),
      grant("route53:GetChange", "change"),
    ],
    writes: [grant("route53:ChangeResourceRecordSets", "zone", "belowDomain")],
  },
};

/**
 * To tell that an object is missing, and not denied, its bucket must be listed. Stored documents are beside the stack's own objects, and
 * may be customers': only who deploys reads them.
 */
const IN_BUCKET: Rights = {
  reads: [grant("s3:GetObject", "document"), grant("s3:ListBucket", "documents")],
  writes: [grant("s3:PutObject s3:DeleteObject", "document"), grant("s3:GetObject", "storedDocument")],
};

const ACCESS: Readonly<Record<string, Rights>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": { reads: [grant("sts:GetCallerIdentity", "*")] },
  "aws:iam/role:Role": {
    reads: [
      grant(
        "iam:GetRole iam:ListRolePolicies iam:ListAttachedRolePolicies iam:ListInstanceProfilesForRole iam:ListRoleTags",
        "role",
      ),
    ],
    writes: [
      // Whatever the roles' own policies say, they may do no more than the boundary, which this role cannot change.
      grant("iam:CreateRole iam:PutRolePermissionsBoundary", "role", "bounded"),
      grant("iam:DeleteRole iam:TagRole iam:UntagRole iam:UpdateAssumeRolePolicy iam:UpdateRole", "role"),
      grant("iam:PassRole", "role", "passed"),
      grant("iam:CreateServiceLinkedRole", "serviceLinkedRole", "serviceLinked"),
    ],
  },
  "aws:iam/rolePolicy:RolePolicy": {
    reads: [grant("iam:GetRolePolicy", "role")],
    writes: [grant("iam:PutRolePolicy", "role", "bounded"), grant("iam:DeleteRolePolicy", "role")],
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    reads: [grant("iam:ListAttachedRolePolicies", "role")],
    writes: [grant("iam:AttachRolePolicy iam:DetachRolePolicy", "role", "attached")],
  },
  "aws:secretsmanager/secret:Secret": {
    reads: [grant("secretsmanager:DescribeSecret secretsmanager:GetResourcePolicy", "secret")],
    writes: [
      grant(
        "secretsmanager:CreateSecret secretsmanager:UpdateSecret secretsmanager:DeleteSecret " +
          "secretsmanager:TagResource secretsmanager:UntagResource",
        "secret",
      ),
    ],
  },
  "aws:secretsmanager/secretVersion:SecretVersion": {
    writes: [
      grant(
        "secretsmanager:PutSecretValue secretsmanager:GetSecretValue secretsmanager:UpdateSecretVersionStage",
        "secret",
      ),
      grant("kms:GenerateDataKey kms:Decrypt", "key", "forAws"),
    ],
  },
  "aws:ssm/parameter:Parameter": {
    reads: [
      grant("ssm:GetParameter ssm:GetParameters ssm:ListTagsForResource", "parameter"),
      grant("ssm:DescribeParameters", "*"),
    ],
    writes: [
      grant(
        "ssm:PutParameter ssm:DeleteParameter ssm:AddTagsToResource ssm:RemoveTagsFromResource",
        "parameter",
      ),
    ],
  },
  "pulumi-nodejs:dynamic/crew:StoredDocument": IN_BUCKET,
  "pulumi-nodejs:dynamic/crew:SharedAgent": IN_BUCKET,
  "pulumi-nodejs:dynamic/crew:SharedIdentity": IN_BUCKET,
};

/** What the program makes and asks on AWS, by the type's token, in the policy that allows it. */
export const RIGHTS: Readonly<Record<Part, Readonly<Record<string, Rights>>>> = {
  containers: CONTAINERS,
  network: NETWORK,
  names: NAMES,
  access: ACCESS,
};

/** What Pulumi itself needs: its state, and the key of the secrets in it. */
export const STATE: Rights = {
  reads: [
    grant("s3:ListBucket", "state"),
    grant("s3:GetObject", "stateObject"),
    grant("kms:Decrypt", "stateKey"),
  ],
  writes: [
    grant("s3:PutObject s3:DeleteObject", "stateObject"),
    grant("kms:Encrypt kms:GenerateDataKey", "stateKey"),
  ],
};

/** What masumi:ledger needs: lines are added, and neither replaced nor removed. */
export const LEDGER: Rights = {
  reads: [grant("s3:ListBucket", "ledger"), grant("s3:GetObject", "ledgerLine")],
  writes: [grant("s3:PutObject", "ledgerLine", "added")],
};
