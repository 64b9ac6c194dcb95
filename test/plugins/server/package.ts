import type { z } from "zod";
import type { PropertyMap, Value } from "../../../local/engine/values.ts";

export type { PropertyMap, Value };

type Shape = z.ZodObject;

/** What a resource does its work with. */
export interface Work<Client> {
  /** What `connect` of the package made of its configuration. */
  readonly client: Client;
  /** The resource's name in the program. */
  readonly name: string;
  /** Aborted when the run is cancelled, or after the time that the program gives the operation. */
  readonly signal: AbortSignal;
  /** Shows progress beside the resource. */
  readonly log: (message: string) => void;
}

export interface Found<Inputs, Outputs> {
  readonly inputs: Inputs;
  readonly outputs: Outputs;
}

/** One type of resource: what it takes, and what becomes of it outside. Values are plain here: neither secret nor unknown. */
export interface ResourceType<Client, I extends Shape = Shape, O extends Shape = Shape> {
  /** Every input that is known, all of them strict objects: others are refused by name. */
  readonly inputs: I;
  /** What it tells beside its inputs; not known before it is made. */
  readonly outputs: O;
  /** Outputs that an update may change. */
  readonly renewed?: readonly (keyof z.infer<O> & string)[];
  /** Outputs that are secret, whatever the inputs are. */
  readonly secrets?: readonly (keyof z.infer<O> & string)[];
  /** Inputs whose change replaces; without `update`, any does. */
  readonly replaces?: readonly (keyof z.infer<I> & string)[];
  /** The old one has to go before there can be a new one. */
  readonly deleteBeforeReplace?: boolean;
  /** An input that is made up of the resource's name where the program leaves it out. */
  readonly autoName?: { readonly input: keyof z.infer<I> & string; readonly maxLength?: number };
  /** Inputs of which not every difference is a change. */
  readonly same?: { readonly [input in keyof z.infer<I>]?: (old: Value, now: Value) => boolean };
  /** Adds inputs that the program does not give, such as a digest of files; they are kept and compared as the others are. */
  complete?(inputs: PropertyMap, work: Work<Client>): Promise<PropertyMap>;
  /** @throws NotReady */
  create(
    inputs: z.infer<I>,
    work: Work<Client>,
  ): Promise<{ readonly id: string; readonly outputs: z.infer<O> }>;
  /** What is there now; undefined if it is gone. */
  read(
    id: string,
    known: Found<z.infer<I>, z.infer<O>>,
    work: Work<Client>,
  ): Promise<Found<z.infer<I>, z.infer<O>> | undefined>;
  /** @throws NotReady */
  update?(
    id: string,
    inputs: z.infer<I>,
    old: Found<z.infer<I>, z.infer<O>>,
    work: Work<Client>,
  ): Promise<z.infer<O>>;
  /** One that is gone already is deleted. */
  delete(id: string, old: Found<z.infer<I>, z.infer<O>>, work: Work<Client>): Promise<void>;
}

/** A function that programs call. */
export interface Invoke<Client, I extends Shape = Shape> {
  readonly inputs: I;
  /** Keys of the answer that are secret. */
  readonly secrets?: readonly string[];
  run(inputs: z.infer<I>, work: Omit<Work<Client>, "name">): Promise<PropertyMap>;
}

/** A provider package, as far as the tests need it. */
export interface Package<Client, C extends Shape = Shape> {
  readonly name: string;
  /** The version of the real package that it plays. */
  readonly version: string;
  readonly config: C;
  connect(config: z.infer<C>): Client;
  /** By type token, such as `docker:index/image:Image`. */
  readonly resources: Readonly<Record<string, ResourceType<Client>>>;
  /** By token, such as `aws:ec2/getVpc:getVpc`. */
  readonly invokes: Readonly<Record<string, Invoke<Client>>>;
}

/** The resource was made, but is not as it should be: it is kept in the state, with the reason, and the next run goes on with it. */
export class NotReady extends Error {
  readonly id: string;
  readonly outputs: Readonly<Record<string, unknown>>;

  constructor(
    id: string,
    outputs: Readonly<Record<string, unknown>>,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.id = id;
    this.outputs = outputs;
  }
}

/** Lets TypeScript find out a resource's types from its inputs and outputs. */
export const resourceFor =
  <Client>() =>
  <I extends Shape, O extends Shape>(type: ResourceType<Client, I, O>): ResourceType<Client, I, O> =>
    type;

/** The same for an invoke. */
export const invokeFor =
  <Client>() =>
  <I extends Shape>(invoke: Invoke<Client, I>): Invoke<Client, I> =>
    invoke;
