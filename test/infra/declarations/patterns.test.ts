import { describe, expect, it } from "vitest";
import { isEntryOf, isFolderOf, isHostOf, isImageOf } from "../../../infra/declarations/policy/patterns.ts";

describe("a host of a policy", () => {
  it.each<[pattern: string, host: string, isAllowed: boolean]>([
    ["example.org", "example.org", true],
    ["example.org", "a.example.org", false],
    ["example.org", "example.org.evil.net", false],
    ["*.example.org", "a.example.org", true],
    ["*.example.org", "a.b.example.org", true],
    ["*.example.org", "example.org", false],
    ["*.example.org", "evilexample.org", false],
    ["*.example.org", ".example.org", false],
  ])("%s, %s: %s", (pattern, host, isAllowed) => {
    expect(isHostOf([pattern], host)).toBe(isAllowed);
  });

  it.each<[pattern: string, entry: string, isAllowed: boolean]>([
    ["*.example.org", "*.example.org", true],
    ["*.example.org", "*.a.example.org", true],
    ["*.a.example.org", "*.example.org", false],
    ["example.org", "*.example.org", false],
    ["a.example.org", "*.a.example.org", false],
  ])("%s, with a wildcard of the author's, %s: %s", (pattern, entry, isAllowed) => {
    expect(isEntryOf([pattern], entry)).toBe(isAllowed);
  });
});

const DIGEST = `@sha256:${"0a".repeat(32)}`;

describe("an image of a policy", () => {
  it.each<[pattern: string, image: string, isAllowed: boolean]>([
    ["ghcr.io", "ghcr.io/anybody/a", true],
    ["ghcr.io/example", "ghcr.io/example/a:1", true],
    ["ghcr.io/example/", "ghcr.io/example/a", true],
    ["ghcr.io/example/a", "ghcr.io/example/a", true],
    ["ghcr.io/example", "ghcr.io/example-evil/a", false],
    ["ghcr.io/example", "ghcr.io.evil.net/example/a", false],
    ["ghcr.io/example", "evil.net/ghcr.io/example/a", false],
    ["ghcr.io:443/example", "ghcr.io/example/a", false],
    ["registry.example.org:5000", "registry.example.org:5000/a", true],
    ["registry.example.org", "registry.example.org:5000/a", false],
    ["*.example.org/agents", "eu.example.org/agents/a", true],
    ["*.example.org/agents", "eu.example.org/others/a", false],
    ["docker.io/library", "python", true],
    ["docker.io/library", "python:3.12", true],
    ["docker.io/library", "index.docker.io/library/python", true],
    ["docker.io/example", "example/a", true],
    ["example", "example/a", true],
    ["docker.io/library", "example/a", false],
    ["localhost", "localhost/a", true],
    ["docker.io", "GHCR.io/a", false],
  ])("%s, %s: %s", (pattern, image, isAllowed) => {
    expect(isImageOf([pattern], image + DIGEST)).toBe(isAllowed);
  });
});

describe("a folder of a policy", () => {
  it.each<[allowed: string, folder: string, isAllowed: boolean]>([
    ["crews", "crews", true],
    ["./crews/", "crews/a", true],
    ["crews", "./crews/a/", true],
    ["crews", "crews-of-others/a", false],
    ["crews", "crews/../infra", false],
    ["crews/a", "crews", false],
    [".", "anything/below", true],
  ])("%s, %s: %s", (allowed, folder, isAllowed) => {
    expect(isFolderOf([allowed], folder)).toBe(isAllowed);
  });
});
