import type { ComponentChildren, JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Client } from "../api/client.ts";
import { Loading } from "../parts/loading.tsx";
import { ErrorNotice } from "../parts/notice.tsx";

const AGAIN_MS = 10_000;

export interface LoadedProps<T> {
  readonly client: Client;
  readonly path: string;
  readonly children: (value: T) => ComponentChildren;
}

/** Asks for something, and again now and then while it is looked at. */
export function Loaded<T>({ client, path, children }: LoadedProps<T>): JSX.Element {
  const [value, setValue] = useState<T>();
  const [error, setError] = useState<unknown>();
  const ask = useCallback(
    async (signal?: AbortSignal) => {
      try {
        setValue(await client.get<T>(path, { signal }));
        setError(undefined);
      } catch (problem) {
        if (!signal?.aborted) setError(problem);
      }
    },
    [client, path],
  );
  useEffect(() => {
    const leaving = new AbortController();
    void ask(leaving.signal);
    const timer = setInterval(() => void ask(leaving.signal), AGAIN_MS);
    return () => {
      clearInterval(timer);
      leaving.abort();
    };
  }, [ask]);
  return (
    <>
      {error === undefined ? null : <ErrorNotice error={error} retry={() => void ask()} />}
      {value === undefined && error === undefined ? <Loading /> : null}
      {value === undefined ? null : children(value)}
    </>
  );
}

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => ComponentChildren;
}

export interface TableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly columns: readonly Column<T>[];
  readonly empty: string;
}

/** A table that becomes a list of cards where there is no room for its columns. */
export function Table<T>({ label, rows, keyOf, columns, empty }: TableProps<T>): JSX.Element {
  if (rows.length === 0) return <p class="panel quiet">{empty}</p>;
  return (
    <div class="panel table-panel">
      <table>
        <caption class="unseen">{label}</caption>
        <thead>
          <tr>
            {columns.map(({ title }) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, cell }) => (
                <td key={title} data-title={title}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
