import { duplexPair } from "node:stream";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Calls, Metadata, status } from "../rpc/calls.cjs";
import { lightStruct } from "../rpc/light-struct.cjs";
import { RESOURCE_PROVIDER } from "../rpc/services.ts";
import { fromStruct, toStruct } from "../rpc/struct.ts";
import { type PropertyMap, rejectUnsupported } from "../values.ts";

type CheckRequest = InstanceType<typeof providerPb.CheckRequest>;
type CheckResponse = InstanceType<typeof providerPb.CheckResponse>;
type Done = (
  error: (Error & { code: number; details: string; metadata: Metadata }) | null,
  response?: CheckResponse,
) => void;
interface Client {
  check(request: CheckRequest, done: Done): { cancel(): void };
  check(request: CheckRequest, metadata: undefined, options: { deadline: number }, done: Done): void;
}

let [here, there] = duplexPair();
let client: Client;
beforeEach(() => {
  [here, there] = duplexPair();
  client = new Calls(here).client<Client>(RESOURCE_PROVIDER);
});
afterEach(() => {
  here.destroy();
  there.destroy();
});

type Callback = (error: object | null, response?: CheckResponse) => void;
const serve = (check: (request: CheckRequest, callback: Callback) => void): void =>
  new Calls(there).serve(RESOURCE_PROVIDER, {
    check: ({ request }, callback) => check(request, callback as Callback),
  });

const checked = (news: PropertyMap): Promise<unknown> =>
  new Promise((resolve, reject) => {
    client.check(new providerPb.CheckRequest().setUrn("urn").setNews(toStruct(news)), (error, response) =>
      error === null ? resolve(fromStruct(response?.getInputs())) : reject(error),
    );
  });

/** Answers with what it was asked about. */
const echo = (request: CheckRequest, callback: Callback): void =>
  callback(null, new providerPb.CheckResponse().setInputs(toStruct(fromStruct(request.getNews()))));

const VALUES: PropertyMap = {
  text: "two\nlines, \u2028, \u0000 and 🙂",
  number: -1.5e-300,
  nothing: null,
  list: [[], [{ deep: [true, false] }], ""],
  empty: {},
  __proto: { "": "no name" },
};

describe("a call over a pipe", () => {
  it("takes any values there and back", async () => {
    serve(echo);
    expect(await checked(VALUES)).toEqual(VALUES);
    expect(await checked({})).toEqual({});
  });

  it("is whole again, however the pipe cuts it", async () => {
    const [cut, rest] = duplexPair();
    here.on("data", () => undefined);
    client = new Calls(cut).client<Client>(RESOURCE_PROVIDER);
    new Calls(there).serve(RESOURCE_PROVIDER, {
      check: ({ request }, callback) => echo(request, callback as Callback),
    });
    rest.on("data", (chunk: Buffer) => {
      for (const byte of chunk) here.write(Buffer.of(byte));
    });
    here.removeAllListeners("data").on("data", (chunk: Buffer) => {
      for (const byte of chunk) rest.write(Buffer.of(byte));
    });
    expect(await checked(VALUES)).toEqual(VALUES);
    cut.destroy();
    rest.destroy();
  });

  it("is answered on its own, in whatever order the answers come", async () => {
    const late: (() => void)[] = [];
    serve((request, callback) => late.unshift(() => echo(request, callback)));
    const answers = Promise.all([1, 2, 3].map((n) => checked({ n })));
    await expect.poll(() => late.length).toBe(3);
    for (const answer of late) answer();
    expect(await answers).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it.each<[string, object, object]>([
    [
      "with its message, if it has nothing else",
      new Error("no"),
      { code: status.UNKNOWN, details: "no", message: "2 UNKNOWN: no" },
    ],
    [
      "with code and details",
      { code: 12, details: "not here" },
      { code: 12, message: "12 UNIMPLEMENTED: not here" },
    ],
    [
      "with a code that is not one of gRPC's",
      { code: "ENOENT", message: "gone" },
      { code: status.UNKNOWN, details: "gone" },
    ],
  ])("fails as over gRPC: %s", async (_, error, expected) => {
    serve((_request, callback) => callback(error));
    await expect(checked({})).rejects.toMatchObject(expected);
  });

  it("fails as over gRPC: with the details that it has in bytes", async () => {
    const metadata = new Metadata();
    metadata.add("details-bin", Buffer.from([0, 255, 10]));
    serve((_request, callback) => callback({ code: status.UNKNOWN, message: "half", metadata }));
    const error = await checked({}).catch((failure: { metadata: Metadata }) =>
      failure.metadata.get("details-bin"),
    );
    expect(error).toEqual([Buffer.from([0, 255, 10])]);
  });

  it("takes half a text without its other half", async () => {
    serve(echo);
    expect(await checked({ text: "\ud83d alone" })).toEqual({ text: "\ud83d alone" });
  });

  it("fails at once if it cannot be written, and so does an answer", async () => {
    const unsendable = { toArray: () => [1n] } as unknown as CheckRequest;
    serve((_request, callback) => callback(null, unsendable as unknown as CheckResponse));
    expect(() => client.check(unsendable, () => undefined)).toThrow(/BigInt/u);
    await expect(checked({})).rejects.toMatchObject({
      code: status.UNKNOWN,
      details: expect.stringContaining("BigInt"),
    });
  });

  it("is answered although the one before it was answered to somebody who threw", async () => {
    const late: (() => void)[] = [];
    serve((request, callback) => late.push(() => echo(request, callback)));
    const thrown = new Promise((resolve) => {
      const listeners = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.once("uncaughtException", (error) => {
        for (const listener of listeners) process.on("uncaughtException", listener);
        resolve(error);
      });
    });
    client.check(new providerPb.CheckRequest(), () => {
      throw new Error("not yours");
    });
    const second = checked({ second: true });
    await expect.poll(() => late.length).toBe(2);
    for (const answer of late) answer();
    expect(await second).toEqual({ second: true });
    expect(await thrown).toEqual(new Error("not yours"));
  });

  it("fails when the handler does", async () => {
    serve(() => {
      throw new Error("at once");
    });
    await expect(checked({})).rejects.toMatchObject({
      code: status.UNKNOWN,
      details: expect.stringContaining("at once"),
    });
  });

  it("fails when the other end goes, now and later", async () => {
    serve(() => there.end());
    await expect(checked({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await expect(checked({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it("fails at its deadline, and when it is cancelled; an answer that comes later is nobody's", async () => {
    let answer = (): void => undefined;
    serve((request, callback) => (answer = () => echo(request, callback)));
    const late = new Promise((resolve) => {
      client.check(new providerPb.CheckRequest(), undefined, { deadline: Date.now() + 20 }, resolve);
    });
    expect(await late).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    const cancelled = new Promise((resolve) => {
      client.check(new providerPb.CheckRequest(), resolve).cancel();
    });
    expect(await cancelled).toMatchObject({ code: status.CANCELLED });
    answer();
    serve(echo);
    expect(await checked({ after: true })).toEqual({ after: true });
  });
});

describe("a value that goes over a pipe", () => {
  const Light = lightStruct(structPb);

  it.each<[string, PropertyMap]>([
    ["NaN", { a: Number.NaN }],
    ["infinity", { a: [{ b: Number.NEGATIVE_INFINITY }] }],
  ])("is marked if it is %s, which JSON would lose, and refused by the engine", (_, value) => {
    const sent = JSON.parse(JSON.stringify(Light.fromJavaScript(value).toJavaScript())) as PropertyMap;
    expect(() => rejectUnsupported(sent, "x")).toThrow(/x: NaN and infinite numbers are not implemented/u);
  });

  it("is what an object of a class has of its own, whatever that would tell JSON", () => {
    const value = { date: new Date(0), inner: [Object.assign(new Date(0), { x: 1 })] };
    const real = structPb.Struct.fromJavaScript(value).toJavaScript();
    expect(JSON.parse(JSON.stringify(Light.fromJavaScript(value).toJavaScript()))).toEqual(real);
  });

  it.each<[string, unknown]>([
    ["a function", { a: { b: () => 1 } }],
    ["undefined", { a: undefined }],
  ])("is refused if it is %s, which JSON would lose", (_, value) => {
    expect(() => Light.fromJavaScript(value as never)).toThrow(/Unexpected/u);
  });

  it("has its keys in order, as the real one gives it back", () => {
    const value = { b: [{ d: 1, c: 2 }], a: { f: { h: 1, g: 2 }, e: null }, B: "" };
    const real = structPb.Struct.fromJavaScript(value).toJavaScript();
    expect(JSON.stringify(Light.fromJavaScript(value).toJavaScript())).toBe(JSON.stringify(real));
  });

  it("is protobuf's for a plugin, byte by byte, and read from its bytes", () => {
    const request = new providerPb.CheckRequest().setNews(Light.fromJavaScript(VALUES));
    const real = new providerPb.CheckRequest().setNews(structPb.Struct.fromJavaScript(VALUES));
    const bytes = real.serializeBinary();
    expect(request.serializeBinary()).toEqual(bytes);
    expect(fromStruct(providerPb.CheckRequest.deserializeBinary(bytes).getNews())).toEqual(VALUES);
    expect(Light.deserializeBinary(real.getNews()?.serializeBinary() ?? bytes).toJavaScript()).toEqual(
      VALUES,
    );
  });
});
