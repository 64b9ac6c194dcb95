import { describe, expect, it } from "vitest";
import { checkDocuments } from "../../../portal/documents/place.ts";

const FOLDER = { folder: "/data/documents" };
const BUCKET = { bucket: "example", region: "eu-west-1", prefix: "customers" };

const refusal = (
  place: typeof FOLDER | typeof BUCKET,
  documents: unknown,
  more: Record<string, string> = {},
) => {
  const settings = documents === undefined ? {} : { "masumi:documents": JSON.stringify(documents) };
  try {
    return checkDocuments(new Map([["preprod-customers", { ...settings, ...more }]]), place);
  } catch (error) {
    return error;
  }
};

describe("a portal whose fleets look for documents", () => {
  it.each([
    ["in its folder", FOLDER, FOLDER],
    ["in its folder, written otherwise", FOLDER, { folder: "/data/./documents/" }],
    ["nowhere, so that none are taken", FOLDER, undefined],
    ["in its bucket", BUCKET, BUCKET],
    ["in its bucket, with a profile of the run's", BUCKET, { ...BUCKET, profile: "deploy" }],
    ["in its bucket, in the region of their environment", BUCKET, { bucket: "example", prefix: "customers" }],
  ])("%s starts", (_where, place, documents) => {
    expect(refusal(place, documents)).toBeUndefined();
  });

  it.each([
    ["in another folder", FOLDER, { folder: "/srv/documents" }],
    ["in a bucket", FOLDER, BUCKET],
    ["in a folder, and not in its bucket", BUCKET, FOLDER],
    ["nowhere, though it has a bucket", BUCKET, undefined],
    ["in another bucket", BUCKET, { ...BUCKET, bucket: "other" }],
    ["below another prefix", BUCKET, { bucket: "example", region: "eu-west-1" }],
    ["in another region", BUCKET, { ...BUCKET, region: "us-east-1" }],
    ["at other storage", BUCKET, { ...BUCKET, endpoint: "https://storage.example.com" }],
  ])("%s is refused", (_where, place, documents) => {
    expect(refusal(place, documents)).toMatchObject({
      code: "PORTAL_DOCUMENTS_ELSEWHERE",
      message: expect.stringMatching(/documents of preprod-customers is .*\nSet PORTAL_DOCUMENTS/) as string,
    });
  });

  it("in the region of their stack is refused, if that is another", () => {
    const { bucket, prefix } = BUCKET;
    expect(refusal(BUCKET, { bucket, prefix }, { "aws:region": BUCKET.region })).toBeUndefined();
    expect(refusal(BUCKET, { bucket, prefix }, { "aws:region": "us-east-1" })).toMatchObject({
      code: "PORTAL_DOCUMENTS_ELSEWHERE",
    });
  });
});
