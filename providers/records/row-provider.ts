/** What a row of the records is found by. */
interface Keyed {
  readonly agentId: string;
  readonly network: string;
}

/**
 * Returns what the providers of a row's parts have in common: a row is that of one agent on one network, and is written anew when
 * something changed that is written.
 */
export const rowProvider = <Inputs extends Keyed>(
  written: readonly (keyof Inputs)[],
  write: (inputs: Inputs) => Promise<Inputs>,
) => ({
  async diff(_id: string, olds: Inputs, news: Inputs) {
    const replaces = (["agentId", "network"] as const).filter((key) => olds[key] !== news[key]);
    return { changes: replaces.length > 0 || written.some((key) => olds[key] !== news[key]), replaces };
  },

  async create(inputs: Inputs) {
    return { id: `${inputs.network}/${inputs.agentId}`, outs: await write(inputs) };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    return { outs: await write(news) };
  },
});
