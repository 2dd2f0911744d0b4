import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { parseExpectedVersion, parseFraction, wholeNumber } from "./numbers.ts";

describe("wholeNumber", () => {
  test("takes digits within the bounds, and nothing else", () => {
    const parse = wholeNumber(1, 10);
    expect([parse("1"), parse("10")]).toEqual([1, 10]);
    for (const wrong of ["0", "11", "-1", "1.5", "1e1", "0x1", "", " 1", "one"])
      expect(() => parse(wrong)).toThrow("Expected a whole number, 1 to 10.");
  });

  test("does not round numbers that are too large to be exact", () => {
    expect(() => wholeNumber(1)("9007199254740993")).toThrow("Expected a whole number, 1 or more.");
  });
});

test("parseFraction takes 0 to 1", () => {
  expect(["0", "1", "0.5", ".25"].map(parseFraction)).toEqual([0, 1, 0.5, 0.25]);
  for (const wrong of ["1.1", "-0.1", "50%", ""])
    expect(() => parseFraction(wrong)).toThrow(InvalidArgumentError);
});

test("parseExpectedVersion takes versions and any", () => {
  expect(["0", "7", "any"].map(parseExpectedVersion)).toEqual([0, 7, "any"]);
  for (const wrong of ["-1", "1.0", "latest", ""])
    expect(() => parseExpectedVersion(wrong)).toThrow(InvalidArgumentError);
});
