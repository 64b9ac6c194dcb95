import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Returns the ARN of the certificate for *.<domain>: the one in masumi:aws, or a new one once DNS has validated it. */
export function useCertificate(
  name: string,
  { domain, certificateArn, zoneId }: { domain: string; certificateArn?: string | undefined; zoneId: string },
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  if (certificateArn) return pulumi.output(certificateArn);
  const certificate = new aws.acm.Certificate(
    name,
    { domainName: `*.${domain}`, validationMethod: "DNS" },
    options,
  );
  const proof = certificate.domainValidationOptions.apply(([option]) => {
    if (!option) throw new Error(`ACM gave no DNS record to validate *.${domain}`);
    return option;
  });
  const record = new aws.route53.Record(
    `${name}-validation`,
    {
      zoneId,
      name: proof.resourceRecordName,
      type: proof.resourceRecordType,
      records: [proof.resourceRecordValue],
      ttl: 300,
      // The record is the same for every certificate of the domain, including those of other stacks.
      allowOverwrite: true,
    },
    options,
  );
  return new aws.acm.CertificateValidation(
    name,
    { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
    options,
  ).certificateArn;
}
