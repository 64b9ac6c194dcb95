import { useEffect, useState } from "preact/hooks";

/** A value that components follow. */
export interface Store<T> {
  readonly get: () => T;
  readonly set: (value: T) => void;
  /** Returns how to stop. */
  readonly follow: (heard: () => void) => () => void;
}

export function createStore<T>(first: T): Store<T> {
  let value = first;
  const followers = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const heard of followers) heard();
    },
    follow(heard) {
      followers.add(heard);
      return () => followers.delete(heard);
    },
  };
}

/** Returns a store's value, and renders again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    const heard = () => setValue(() => store.get());
    // It may have changed between the first rendering and now.
    heard();
    return store.follow(heard);
  }, [store]);
  return value;
}
