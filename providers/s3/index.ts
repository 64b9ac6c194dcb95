export { type Access, type Bucket, openBucket, s3ErrorName, s3ErrorText } from "./bucket.ts";
export { type BucketSettings, bucketSettings } from "./settings.ts";
