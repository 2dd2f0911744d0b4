import { expect, test } from "vitest";
import { progressBar } from "./progress-bar.ts";

test("shows how far something is", () => {
  expect(progressBar(0.5, "half", 80)).toBe(`${"█".repeat(12)}${"░".repeat(12)}  50 % half`);
});

test("keeps to its bounds whatever a skill reports", () => {
  expect([Number.NaN, -1, 7].map((fraction) => progressBar(fraction, "", 80).trim())).toEqual([
    `${"░".repeat(24)}   0 %`,
    `${"░".repeat(24)}   0 %`,
    `${"█".repeat(24)} 100 %`,
  ]);
  expect(progressBar(1, "a long label", 30)).toBe(`${"█".repeat(24)} 100…`);
});
