/**
 * The classes of the protocol's messages. They are loaded by `require`: for an import, Node would read a megabyte of generated code at each
 * start, to find the names that it exports.
 */
import { createRequire } from "node:module";
import type * as EnginePb from "@pulumi/pulumi/proto/engine_pb.js";
import type * as PluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as ProviderPb from "@pulumi/pulumi/proto/provider_pb.js";
import type * as ResourcePb from "@pulumi/pulumi/proto/resource_pb.js";
import type * as StatusPb from "@pulumi/pulumi/proto/status_pb.js";
import type * as Protobuf from "google-protobuf";
import type * as EmptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type * as StructPb from "google-protobuf/google/protobuf/struct_pb.js";

const load = createRequire(import.meta.url);

/** What they are made of. */
export const protobuf = load("google-protobuf") as typeof Protobuf;
export const emptyPb = load("google-protobuf/google/protobuf/empty_pb.js") as typeof EmptyPb;
export const structPb = load("google-protobuf/google/protobuf/struct_pb.js") as typeof StructPb;
export const enginePb = load("@pulumi/pulumi/proto/engine_pb.js") as typeof EnginePb;
export const pluginPb = load("@pulumi/pulumi/proto/plugin_pb.js") as typeof PluginPb;
export const providerPb = load("@pulumi/pulumi/proto/provider_pb.js") as typeof ProviderPb;
export const resourcePb = load("@pulumi/pulumi/proto/resource_pb.js") as typeof ResourcePb;
export const statusPb = load("@pulumi/pulumi/proto/status_pb.js") as typeof StatusPb;
