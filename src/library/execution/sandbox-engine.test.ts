import { expect, test } from "vitest";
import { skillDraft } from "../../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { SandboxSize } from "../options.ts";

const DOUBLE = { ...skillDraft("double"), code: "export default ({ n }) => n * 2" };

test("a library runs its skills in processes when it is told to, and says what is around them", async () => {
  await using opened = await temporaryLibrary({
    embedder: false,
    sandbox: { engine: "quickjs-process", workers: 1, requireHardening: ["permissionModel"] },
  });
  const { library } = opened;
  await library.add({ ...DOUBLE, examples: [{ context: { n: 2 }, result: 4 }] });
  expect((await library.execute("double", { n: 21 })).unwrap()).toBe(42);
  expect(library.sync.execute("double", { n: 4 }).value).toBe(8);
  expect((await library.stats()).sandbox).toMatchObject({
    runs: 2,
    isolation: { boundary: "process", permissionModel: true },
  });
});

test("what processes achieve is told before anything ran", async () => {
  await using opened = await temporaryLibrary({
    embedder: false,
    sandbox: { engine: "quickjs-process", workers: 1 },
  });
  const { isolation } = (await opened.library.stats()).sandbox;
  expect(isolation).toMatchObject({ boundary: "process", permissionModel: true });
});

test.each<[string, SandboxSize, string]>([
  ["an unknown engine", { engine: "v9" as "quickjs" }, "Expected `sandbox.engine` to be one of"],
  [
    "hardening without processes",
    { requireHardening: true },
    "The options `processes` and `requireHardening` of openLibrary.sandbox are about the engine `quickjs-process`",
  ],
  [
    "a part that is none",
    { engine: "quickjs-process", requireHardening: ["magic" as "seccomp"] },
    "Expected `requireHardening` to be true, false or a list of",
  ],
  [
    "no processes",
    { engine: "quickjs-process", processes: 0 },
    "Expected `sandbox.processes` to be a whole number from 1 to 256, got 0",
  ],
])("%s is refused by name", async (_kind, sandbox, message) => {
  await expect(temporaryLibrary({ sandbox })).rejects.toMatchObject({
    code: "INVALID_INPUT",
    message: expect.stringContaining(message) as string,
  });
});
