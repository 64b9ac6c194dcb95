/** An agent in a container on Google Cloud Run, which names its URL once it runs; registered once it answers there. */
import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { MasumiAgent, type Wallet } from "masumi-agents";

const config = new pulumi.Config();

const service = new gcp.cloudrunv2.Service("translator", {
  location: config.require("location"),
  template: {
    // Jobs are kept in the container, and go on after their answer: it is one, and it stays.
    scaling: { minInstanceCount: 1, maxInstanceCount: 1 },
    containers: [
      {
        image: config.require("image"),
        ports: { containerPort: 8000 },
        resources: { cpuIdle: false, limits: { cpu: "1", memory: "1Gi" } },
        envs: [
          {
            name: "MODEL_KEY",
            valueSource: { secretKeyRef: { secret: config.require("modelKeySecret"), version: "latest" } },
          },
        ],
      },
    ],
  },
});
const open = new gcp.cloudrunv2.ServiceIamMember("anybody", {
  name: service.name,
  location: service.location,
  role: "roles/run.invoker",
  member: "allUsers",
});

const translator = new MasumiAgent(
  "translator",
  {
    url: service.uri,
    name: "Translator",
    description: "Translates texts between English and German.",
    capability: { name: "translation", version: "1.0.0" },
    tags: ["translation", "german"],
    author: { name: "Example GmbH" },
    wallet: config.requireObject<Wallet>("wallet"),
    sourceAddress: config.get("sourceAddress"),
  },
  { dependsOn: open },
);

export const { agentIdentifier } = translator;
