import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  test.each([
    ["300ms", 300],
    ["30s", 30_000],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["1.5s", 1500],
    ["250", 250],
    [" 1s ", 1000],
  ])("reads %s", (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  test.each(["", "0", "0s", "-1s", "s", "1d", "1 s", "1s2", "abc", "1e3", "NaN", "Infinity"])(
    "refuses %j",
    (text) => {
      expect(() => parseDuration(text)).toThrow(InvalidArgumentError);
    },
  );

  test("refuses what is longer than allowed and names the bound", () => {
    expect(() => parseDuration("11m", 600_000)).toThrow("Expected at most 10 m.");
    expect(parseDuration("10m", 600_000)).toBe(600_000);
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0 ms"],
    [0.687, "0.7 ms"],
    [12.4, "12 ms"],
    [999.6, "1 s"],
    [1500, "1.5 s"],
    [59_940, "59.9 s"],
    [59_999, "1 m"],
    [125_000, "2 m 5 s"],
    [600_000, "10 m"],
  ])("shows %d ms as %s", (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});
