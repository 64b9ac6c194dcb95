import type { Credentials } from "./client.ts";
import { ProblemError, UnreachableError, problemOf } from "./problem.ts";

export interface Upload {
  readonly method: "POST" | "PATCH";
  readonly path: string;
  readonly form: FormData;
  readonly headers?: Readonly<Record<string, string>>;
  /** Hears how much has been sent, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** Sends a form with documents. By XMLHttpRequest, because fetch does not tell how far an upload is. */
export async function upload<T>(credentials: Credentials, asked: Upload): Promise<T> {
  const token = await credentials.token();
  const { method, path, form, headers = {}, onProgress, signal } = asked;
  return new Promise<T>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.setRequestHeader("Accept", "application/json");
    if (token !== undefined) request.setRequestHeader("Authorization", `Bearer ${token}`);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) =>
      onProgress?.(total ? loaded / total : 1),
    );
    request.addEventListener("error", () => reject(new UnreachableError()));
    request.addEventListener("abort", () =>
      reject(new DOMException("The upload was cancelled.", "AbortError")),
    );
    request.addEventListener("load", () => {
      const { status, responseText } = request;
      if (status === 401) credentials.refused();
      if (status >= 200 && status < 300) resolve(JSON.parse(responseText) as T);
      else reject(new ProblemError(problemOf(status, responseText)));
    });
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}
