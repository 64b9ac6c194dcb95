/** An agent in a container on Kubernetes, at a host name of its own; registered once it answers there. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { MasumiAgent, type Wallet } from "masumi-agents";

const config = new pulumi.Config();
const host = config.require("host");
const port = 8000;
const labels = { app: "translator" };

const keys = new kubernetes.core.v1.Secret("translator", {
  stringData: { MODEL_KEY: config.requireSecret("modelKey") },
});
const deployment = new kubernetes.apps.v1.Deployment("translator", {
  spec: {
    // Jobs are kept in the container: of two, each would know half of them.
    replicas: 1,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        containers: [
          {
            name: "agent",
            image: config.require("image"),
            ports: [{ containerPort: port }],
            envFrom: [{ secretRef: { name: keys.metadata.name } }],
            readinessProbe: { httpGet: { path: "/availability", port } },
          },
        ],
      },
    },
  },
});
const service = new kubernetes.core.v1.Service("translator", {
  spec: { selector: labels, ports: [{ port: 80, targetPort: port }] },
});
const ingress = new kubernetes.networking.v1.Ingress("translator", {
  spec: {
    tls: [{ hosts: [host], secretName: "translator-tls" }],
    rules: [
      {
        host,
        http: {
          paths: [
            {
              path: "/",
              pathType: "Prefix",
              backend: { service: { name: service.metadata.name, port: { number: 80 } } },
            },
          ],
        },
      },
    ],
  },
});

const translator = new MasumiAgent(
  "translator",
  {
    url: `https://${host}`,
    name: "Translator",
    description: "Translates texts between English and German.",
    capability: { name: "translation", version: "1.0.0" },
    tags: ["translation", "german"],
    author: { name: "Example GmbH" },
    wallet: config.requireObject<Wallet>("wallet"),
    sourceAddress: config.get("sourceAddress"),
    probeSeconds: 180,
  },
  { dependsOn: [deployment, ingress] },
);

export const { agentIdentifier } = translator;
