import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { isRecord } from "../json.ts";
import type { PropertyMap } from "../values.ts";
import { lightStruct } from "./light-struct.cjs";
import { structPb } from "./messages.ts";

const LightStruct = lightStruct(structPb);

export function toStruct(properties: PropertyMap): Struct {
  return LightStruct.fromJavaScript(properties);
}

export function fromStruct(struct: Struct | undefined): PropertyMap {
  if (struct === undefined) return {};
  // What came over a pipe is the value itself. In a real Struct, the list of its fields is in that place.
  const [value] = struct.toArray() as unknown[];
  return isRecord(value) ? (value as PropertyMap) : struct.toJavaScript();
}
