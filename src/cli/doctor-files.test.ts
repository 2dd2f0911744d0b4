import { expect, test } from "vitest";
import { diskCheck } from "./doctor-files.ts";

test.each([
  [31, "fail"],
  [32, "warn"],
  [511, "warn"],
  [512, "ok"],
])("a disk with %i MiB free is told as %s", (mebibytes, status) => {
  expect(diskCheck(mebibytes * 1024 * 1024).status).toBe(status);
});
