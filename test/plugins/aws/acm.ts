import { z } from "zod";
import { ifThere, told, until } from "./clients.ts";
import { resource, tagged } from "./types.ts";

const proof = z.object({
  domainName: z.string(),
  resourceRecordName: z.string(),
  resourceRecordType: z.string(),
  resourceRecordValue: z.string(),
});

export const certificate = resource({
  inputs: z.strictObject({ ...tagged, domainName: z.string(), validationMethod: z.literal("DNS") }),
  outputs: z.object({ arn: z.string(), domainValidationOptions: z.array(proof) }),

  async create({ domainName, validationMethod }, { client, signal }) {
    const acm = await client.acm();
    const { CertificateArn } = await acm.requestCertificate({
      DomainName: domainName,
      ValidationMethod: validationMethod,
    });
    const arn = told(CertificateArn, "the certificate's ARN");
    let proofs: z.infer<typeof proof>[] = [];
    await until(async () => {
      const { Certificate } = await acm.describeCertificate({ CertificateArn: arn });
      proofs = (Certificate?.DomainValidationOptions ?? []).flatMap(({ DomainName = "", ResourceRecord }) =>
        ResourceRecord
          ? [
              {
                domainName: DomainName,
                resourceRecordName: ResourceRecord.Name ?? "",
                resourceRecordType: ResourceRecord.Type ?? "",
                resourceRecordValue: ResourceRecord.Value ?? "",
              },
            ]
          : [],
      );
      return proofs.length > 0;
    }, signal);
    return { id: arn, outputs: { arn, domainValidationOptions: proofs } };
  },
  async read(id, known, { client }) {
    const acm = await client.acm();
    return (await ifThere(acm.describeCertificate({ CertificateArn: id }))) && known;
  },
  async delete(id, _old, { client }) {
    const acm = await client.acm();
    await ifThere(acm.deleteCertificate({ CertificateArn: id }));
  },
});

/** Nothing of its own: it waits. */
export const certificateValidation = resource({
  inputs: z.strictObject({ certificateArn: z.string(), validationRecordFqdns: z.array(z.string()) }),
  outputs: z.object({}),

  async create({ certificateArn }, { client, signal }) {
    const acm = await client.acm();
    await until(async () => {
      const { Certificate } = await acm.describeCertificate({ CertificateArn: certificateArn });
      return Certificate?.Status === "ISSUED";
    }, signal);
    return { id: certificateArn, outputs: {} };
  },
  async read(id, known, { client }) {
    const acm = await client.acm();
    const found = await ifThere(acm.describeCertificate({ CertificateArn: id }));
    return found?.Certificate?.Status === "ISSUED" ? known : undefined;
  },
  async delete() {},
});
