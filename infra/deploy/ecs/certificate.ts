import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** The certificate for *.<domain> that masumi:aws names, else one made here and proven by a DNS record; its ARN once it is valid. */
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
    if (!option) throw new Error(`ACM names no record that would prove *.${domain}`);
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
      // The record is the same for every certificate of the domain, another stack's too.
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
