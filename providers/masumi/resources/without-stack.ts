import { MasumiError } from "../service/errors.ts";
import type { Session } from "./session.ts";

/**
 * Runs a provider method, and ends when its messages have been shown. The host prints the stack of whatever a
 * method throws; an error that explains itself is shown without one.
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
