import { expect, test } from "vitest";
import { sandboxFromEnvironment } from "./engine-from-environment.ts";

test("REPERTOIRE_ENGINE names the engine, and nothing else", () => {
  expect(sandboxFromEnvironment({})).toEqual({});
  expect(sandboxFromEnvironment({ REPERTOIRE_ENGINE: "" })).toEqual({});
  expect(sandboxFromEnvironment({ REPERTOIRE_ENGINE: "auto" })).toEqual({
    sandbox: { engine: "auto" },
  });
  expect(() => sandboxFromEnvironment({ REPERTOIRE_ENGINE: "toString" })).toThrow(
    'Expected REPERTOIRE_ENGINE to be one of quickjs, quickjs-process, v8, auto, got "toString"',
  );
});
