import type * as library from "@electric-sql/pglite";

interface Prepared {
  readonly name: string;
  /** The types of its parameters, as PostgreSQL numbers them. */
  readonly types: readonly number[];
}

/**
 * The statements of an embedded database, each parsed once, planned seldom, and run by one call. `PGlite.query` parses and plans a
 * statement whenever it is run, in six calls, which takes longer than all that the portal's statements do.
 */
export class PreparedStatements {
  readonly #pglite: library.PGlite;
  readonly #library: Pick<typeof library, "parse" | "protocol">;
  readonly #known = new Map<string, Prepared>();

  constructor(pglite: library.PGlite, { parse, protocol }: Pick<typeof library, "parse" | "protocol">) {
    this.#pglite = pglite;
    this.#library = { parse, protocol };
  }

  /** Runs a statement, in the transaction that is open if there is one. */
  run<T extends object>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return this.#pglite.runExclusive(async () => {
      const { name, types } = this.#known.get(sql) ?? (await this.#prepare(sql));
      const { serialize } = this.#library.protocol;
      const messages = await this.#send(
        serialize.bind({
          statement: name,
          values: types.map((type, index) => this.#text(parameters[index], type)),
        }),
        serialize.describe({ type: "P" }),
        serialize.execute({}),
      );
      const [result] = this.#library.parse.parseResults(messages, this.#pglite.parsers);
      return (result?.rows ?? []) as T[];
    });
  }

  async #prepare(sql: string): Promise<Prepared> {
    const { serialize } = this.#library.protocol;
    const name = `portal_${this.#known.size}`;
    const messages = await this.#send(
      serialize.parse({ name, text: sql }),
      serialize.describe({ type: "S", name }),
    );
    const prepared = { name, types: this.#library.parse.parseDescribeStatementResults(messages) };
    this.#known.set(sql, prepared);
    return prepared;
  }

  #send(...messages: readonly Uint8Array[]) {
    const all = Buffer.concat([...messages, this.#library.protocol.serialize.sync()]);
    return this.#pglite.execProtocolStream(all, { syncToFs: false });
  }

  #text(value: unknown, type: number): string | null {
    if (value === null || value === undefined) return null;
    const serialize = this.#pglite.serializers[type];
    if (serialize) return serialize(value);
    if (typeof value === "string") return value;
    throw new TypeError(`A value of PostgreSQL's type ${type} is passed as text.`);
  }
}
