import * as pulumi from "@pulumi/pulumi";

/** Groups the resources of the shared crew service. */
export class SharedCrews extends pulumi.ComponentResource {
  constructor(name: string) {
    super("masumi:index:SharedCrews", name, {});
    this.registerOutputs({});
  }
}
