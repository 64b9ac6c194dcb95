import { MasumiError } from "../service/errors.ts";
import type { Session } from "./session.ts";

/**
 * Runs a provider method, and waits until its messages have been shown. The host prints the stack of every error that a method
 * throws; our own errors explain themselves, so they are shown without one.
 */
export async function withoutStack<T>(session: Session, method: () => Promise<T>): Promise<T> {
  try {
    return await method();
  } catch (error) {
    if (error instanceof MasumiError) error.stack = "";
    throw error;
  } finally {
    await session.flush();
  }
}
