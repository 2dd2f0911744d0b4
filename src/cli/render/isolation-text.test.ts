import { expect, test } from "vitest";
import { isolationText } from "./isolation-text.ts";

const NOTHING = {
  permissionModel: false,
  permissionsDropped: false,
  seccomp: false,
  landlock: false,
  network: "open",
  missing: [],
} as const;

test("a boundary is named with all that holds, and nothing that does not", () => {
  expect(isolationText({ ...NOTHING, boundary: "thread" })).toBe("thread");
  expect(
    isolationText({
      boundary: "process",
      permissionModel: true,
      permissionsDropped: true,
      seccomp: true,
      landlock: true,
      network: "blocked",
      missing: [],
    }),
  ).toBe("process with permission model, permissions dropped, seccomp, Landlock, no network");
});
