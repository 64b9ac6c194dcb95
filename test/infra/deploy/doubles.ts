/** What AWS, Docker and the Masumi providers would answer, by resource type or function token. */

interface Call {
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

const ACCOUNT = "123456789012";
const REGION = "eu-central-1";
const arn = (service: string, path: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${path}`;

/** Pulumi gives a name of its own where the program gives none. */
const nameOf = ({ name, inputs }: Call): string =>
  (inputs["name"] as string | undefined) ?? `${name}-1a2b3c4`;
const named =
  (service: string, path: (name: string) => string) =>
  (call: Call): Record<string, unknown> => {
    const name = nameOf(call);
    return { name, arn: arn(service, path(name)) };
  };
const nothing = () => ({});

export const DOUBLES: Readonly<Record<string, (call: Call) => Record<string, unknown>>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({
    accountId: ACCOUNT,
    arn: `arn:aws:iam::${ACCOUNT}:user/deployer`,
    userId: "AIDA",
    id: ACCOUNT,
  }),
  "aws:ec2/getVpc:getVpc": () => ({ id: "vpc-0de0" }),
  "aws:ec2/getSubnets:getSubnets": () => ({ ids: ["subnet-0c", "subnet-0a", "subnet-0b"] }),
  "aws:route53/getZone:getZone": ({ inputs }) => ({ zoneId: "Z0", name: inputs["name"] }),
  "aws:lb/getLoadBalancer:getLoadBalancer": ({ inputs }) => ({
    arn: inputs["arn"],
    dnsName: "given.eu-central-1.elb.amazonaws.com",
    zoneId: "ZGIVEN",
  }),
  "aws:ecr/getAuthorizationToken:getAuthorizationToken": () => ({
    userName: "AWS",
    password: "sentinel-registry-password",
    proxyEndpoint: `https://${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`,
  }),

  "aws:acm/certificate:Certificate": ({ inputs }) => ({
    arn: arn("acm", "certificate/1"),
    domainValidationOptions: [
      {
        domainName: inputs["domainName"],
        resourceRecordName: "_proof.agents.example.com.",
        resourceRecordType: "CNAME",
        resourceRecordValue: "_proof.acm-validations.aws.",
      },
    ],
  }),
  "aws:acm/certificateValidation:CertificateValidation": nothing,
  "aws:appautoscaling/policy:Policy": nothing,
  "aws:appautoscaling/target:Target": nothing,
  "aws:cloudwatch/logGroup:LogGroup": named("logs", (name) => `log-group:${name}`),
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": nothing,
  "aws:cloudwatch/metricAlarm:MetricAlarm": nothing,
  "aws:ec2/securityGroup:SecurityGroup": nothing,
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": nothing,
  "aws:ecr/repository:Repository": (call) => ({
    name: nameOf(call),
    registryId: ACCOUNT,
    repositoryUrl: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${nameOf(call)}`,
  }),
  "aws:ecs/cluster:Cluster": named("ecs", (name) => `cluster/${name}`),
  "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": nothing,
  "aws:ecs/expressGatewayService:ExpressGatewayService": ({ name }) => ({
    serviceArn: arn("ecs", `service/${name}`),
    ingressPaths: [{ accessType: "PUBLIC", endpoint: `${name}-0a1b.ecs.${REGION}.on.aws` }],
  }),
  "aws:ecs/service:Service": (call) => ({ name: nameOf(call) }),
  "aws:ecs/taskDefinition:TaskDefinition": ({ inputs }) => ({
    arn: arn("ecs", `task-definition/${String(inputs["family"])}:1`),
  }),
  "aws:iam/role:Role": (call) => ({
    name: nameOf(call),
    arn: `arn:aws:iam::${ACCOUNT}:role/${nameOf(call)}`,
  }),
  "aws:iam/rolePolicy:RolePolicy": nothing,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": nothing,
  "aws:lb/listener:Listener": ({ name }) => ({ arn: arn("elasticloadbalancing", `listener/app/${name}`) }),
  "aws:lb/listenerRule:ListenerRule": nothing,
  "aws:lb/loadBalancer:LoadBalancer": ({ name }) => ({
    arn: arn("elasticloadbalancing", `loadbalancer/app/${name}`),
    dnsName: `${name}.${REGION}.elb.amazonaws.com`,
    zoneId: "ZELB",
  }),
  "aws:lb/targetGroup:TargetGroup": ({ name }) => ({
    arn: arn("elasticloadbalancing", `targetgroup/${name}`),
  }),
  "aws:route53/record:Record": ({ inputs }) => ({ fqdn: inputs["name"] }),
  "aws:secretsmanager/secret:Secret": named("secretsmanager", (name) => `secret:${name}`),
  "aws:secretsmanager/secretVersion:SecretVersion": () => ({ versionId: "version-1" }),
  "aws:ssm/parameter:Parameter": () => ({ version: 1 }),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": nothing,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": nothing,
  "aws:wafv2/webAclAssociation:WebAclAssociation": nothing,

  "pulumi:providers:docker": nothing,
  "docker:index/container:Container": nothing,
  "docker:index/image:Image": ({ inputs }) => ({
    repoDigest: `${String(inputs["imageName"]).split(":")[0]}@sha256:of-${String(inputs["imageName"]).split(":").at(-1)}`,
  }),
  "docker:index/network:Network": nothing,
  "docker:index/remoteImage:RemoteImage": () => ({ imageId: "sha256:pulled" }),
  "docker:index/volume:Volume": nothing,

  "pulumi-nodejs:dynamic/crew:CrewProcess": nothing,
  "pulumi-nodejs:dynamic/crew:CrewIdentity": nothing,
  "pulumi-nodejs:dynamic/crew:EcrImages": nothing,
  "pulumi-nodejs:dynamic/crew:StoredDocument": nothing,
  "pulumi-nodejs:dynamic/crew:DatabaseRole": ({ inputs }) => ({
    url: `postgresql://${String(inputs["role"])}:sentinel-role-password@db.example.com/crews`,
    isOwn: true,
  }),
  "pulumi-nodejs:dynamic/crew:EcsRollout": nothing,
  "pulumi-nodejs:dynamic/crew:SharedProcess": nothing,
  "pulumi-nodejs:dynamic/crew:SharedAgent": nothing,
  "pulumi-nodejs:dynamic/crew:SharedIdentity": nothing,
  "pulumi-nodejs:dynamic/crew:CrewDrain": nothing,
  "pulumi-nodejs:dynamic/crew:DockerIdentity": nothing,
  "pulumi-nodejs:dynamic/crew:DockerImageTag": nothing,
  "pulumi-nodejs:dynamic/crew:DockerStart": nothing,
  "pulumi-nodejs:dynamic/masumi:AgentRecord": nothing,
  "pulumi-nodejs:dynamic/masumi:AgentRegistration": () => ({ revision: "1" }),
  "pulumi-nodejs:dynamic/masumi:AgentConfirmation": () => ({
    agentIdentifier: "ab12",
    state: "RegistrationConfirmed",
  }),
};
