import { expect, test } from "vitest";
import { OPERATION } from "./guest-limits.ts";
import { readHostOperation } from "./host-operation.ts";

test("calls, progress, sleeps and logs are read", () => {
  expect([
    readHostOperation(OPERATION.tool, "click", "{}"),
    readHostOperation(OPERATION.progress, "half", "10.5"),
    readHostOperation(OPERATION.progress, "", "01"),
    readHostOperation(OPERATION.sleep, "", "1.5"),
    readHostOperation(OPERATION.log, "warn", "text"),
  ]).toEqual([
    { kind: "tool", name: "click", args: "{}" },
    { kind: "progress", fraction: 0.5, message: "half" },
    { kind: "progress", fraction: 1, message: undefined },
    { kind: "sleep", ms: 1.5 },
    { kind: "log", level: "warn", text: "text" },
  ]);
});

test("a log level that does not exist is the plain one", () => {
  const plain = { kind: "log", level: "log", text: "text" };
  expect(readHostOperation(OPERATION.log, "x".repeat(1e6), "text")).toEqual(plain);
  expect(readHostOperation(OPERATION.log, undefined, "text")).toEqual(plain);
});

test.each(["abc", "", "-1", "NaN", "-Infinity"])("a sleep of %j is malformed", (text) => {
  expect(readHostOperation(OPERATION.sleep, "", text)).toEqual({
    kind: "refused",
    why: "malformed",
  });
});

test("the longest sleep is finite", () => {
  expect(readHostOperation(OPERATION.sleep, "", "Infinity")).toEqual({
    kind: "sleep",
    ms: 2_147_483_647,
  });
});

test.each(["msg", "1", "12", "0NaN", "1-1", ""])("progress of %j is malformed", (text) => {
  expect(readHostOperation(OPERATION.progress, "", text)).toEqual({
    kind: "refused",
    why: "malformed",
  });
});

test.each([-1, 6, 0.5, Number.NaN, Infinity])("operation %d is malformed", (operation) => {
  expect(readHostOperation(operation, "a", "b")).toEqual({ kind: "refused", why: "malformed" });
});

test("a name that is too long or no text, and arguments too long, are refused by name", () => {
  expect([
    readHostOperation(OPERATION.tool, "x".repeat(8193), "{}"),
    readHostOperation(OPERATION.tool, undefined, "{}"),
    readHostOperation(OPERATION.tool, "a", undefined),
  ]).toEqual([
    { kind: "refused", why: "nameLength" },
    { kind: "refused", why: "nameLength" },
    { kind: "refused", why: "textBytes" },
  ]);
});
