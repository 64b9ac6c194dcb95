import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  ERROR_CODES,
  type ErrorCode,
  MasumiError,
  RegistrationError,
  ServiceError,
  maskSecrets,
} from "../../../../providers/masumi/service/errors.ts";

const folder = join(import.meta.dirname, "../../../../providers/masumi");
const sources = globSync("**/*.ts", { cwd: folder })
  .filter((file) => file !== "service/errors.ts")
  .map((file) => readFileSync(join(folder, file), "utf8"));

test.each(Object.keys(ERROR_CODES))("%s is used by the provider", (code) => {
  expect(sources.some((source) => source.includes(`"${code}"`))).toBe(true);
});

test("every code in the provider's source is explained", () => {
  const used = sources.flatMap((source) =>
    [...source.matchAll(/code: "([A-Z0-9_]+)"/g)].map(([, code]) => code),
  );
  expect(used.filter((code) => !((code ?? "") in ERROR_CODES))).toEqual([]);
  expect(used.length).toBeGreaterThan(10);
});

test.each(Object.entries(ERROR_CODES))("%s has a cause and a remedy in whole sentences", (code, entry) => {
  expect(code).toMatch(/^[A-Z][A-Z0-9]+(_[A-Z0-9]+)+$/);
  expect(entry.cause).toMatch(/^[A-Z].*\.$/s);
  expect(entry.remedy).toMatch(/^[A-Z].*\.$/s);
});

test("what to do begins its own line after a list", () => {
  const error = new MasumiError({ code: "LEFT", what: "These are left:\n  - one\n", remedy: "Remove them." });
  expect(error.message).toBe("LEFT: These are left:\n  - one\nRemove them.");
});

test("a message says the code, what happened, what the service said, and what to do", () => {
  const error = new RegistrationError({
    code: "REGISTRATION_FAILED",
    what: "Registration r1 is RegistrationFailed.",
    serviceMessage: "No UTXOs found",
    remedy: "Send ADA.",
  });
  expect(error.message).toBe(
    "REGISTRATION_FAILED: Registration r1 is RegistrationFailed. The service says: No UTXOs found. Send ADA.",
  );
  expect(error).toBeInstanceOf(MasumiError);
  expect(error.name).toBe("RegistrationError");
});

test("an error without a remedy of its own has the one of its code", () => {
  const code: ErrorCode = "SERVICE_TIMEOUT";
  const error = new ServiceError({ code, what: "No answer.", unclear: true });
  expect(error.message).toContain(ERROR_CODES[code].remedy);
});

test("secrets are masked wherever they stand", () => {
  expect(maskSecrets("token abcd-1234, again abcd-1234", ["abcd-1234", ""])).toBe("token ***, again ***");
});
