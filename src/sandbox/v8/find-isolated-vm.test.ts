import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../store/testing-fixtures/temporary-directory.ts";
import { findIsolatedVm, isPatched } from "./find-isolated-vm.ts";

test("only versions with the fix are taken", () => {
  const known = [
    "5.0.4",
    "6.1.2",
    "6.2.0",
    "6.3.1",
    "7.0.0",
    "7.0.1-rc.1",
    "7.0.1",
    "7.1.0",
    "8.0.0",
  ];
  expect(known.filter(isPatched)).toEqual(["6.2.0", "6.3.1", "7.0.1", "7.1.0"]);
});

test("the installed package is found with its native part", () => {
  expect(findIsolatedVm()).toEqual({
    version: expect.stringMatching(/^[67]\./),
    addonPath: expect.stringMatching(/isolated-vm.*\.node$/),
  });
});

test("a package that is missing, or lets programs out, is refused by name with what is needed", () => {
  const directory = temporaryDirectory();
  const from = join(directory.path, "index.js");
  expect(() => findIsolatedVm(from)).toThrow(
    expect.objectContaining({
      code: "SANDBOX_UNAVAILABLE",
      message: expect.stringMatching(/isolated-vm is not installed; .*Node 24 or 26.*\^7\.0\.1/),
    }),
  );
  const folder = join(directory.path, "node_modules", "isolated-vm");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"name":"isolated-vm","version":"7.0.0"}');
  expect(() => findIsolatedVm(from)).toThrow(
    "isolated-vm 7.0.0 lets programs out of their isolate",
  );
  writeFileSync(join(folder, "package.json"), '{"name":"isolated-vm","version":"7.0.1"}');
  expect(() => findIsolatedVm(from)).toThrow("isolated-vm 7.0.1 has no build for Node");
  directory.remove();
});
