import { expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { rejection } from "../../../test/support/thrown.ts";
import type { SandboxSize } from "../options.ts";

const HEAVY = "let n = 0; for (let i = 0; i < 5e5; i++) n = (n * 31 + i) | 0; return n;";

test("a library on the engine v8 checks, runs and nests skills there", async () => {
  await using place = await temporaryLibrary({ sandbox: { engine: "v8", workers: 1 } });
  const { library } = place;
  await library.add(
    draftOf("inner", "return context.n + 1;", {
      examples: [{ context: { n: 1 }, result: 2 }],
    }),
  );
  await library.add(
    draftOf("outer", "return (await host.skill('inner', { n: 1 })) * 10;", {
      capabilities: { skills: ["inner"] },
    }),
  );
  const execution = await library.execute("outer", {});
  expect([execution.status, execution.value, execution.engine]).toEqual([
    "ok",
    20,
    expect.stringMatching(/^isolated-vm@/),
  ]);
  expect((await library.stats()).sandbox.isolation.boundary).toBe("process");
});

test("with the engine auto a skill that computes a lot moves to v8", async () => {
  await using place = await temporaryLibrary({ sandbox: { engine: "auto", workers: 1 } });
  const { library } = place;
  await library.add(draftOf("heavy", HEAVY), { validate: false });
  const engines: (string | undefined)[] = [];
  for (let run = 0; run < 4; run++) {
    engines.push((await library.execute("heavy", {})).engine?.split("@")[0]);
  }
  expect(engines.at(-1)).toBe("isolated-vm");
  expect((await library.stats()).sandbox.engines?.map(({ runs }) => runs)).toEqual([3, 1]);
});

test("an engine that there is not, and options that mean nothing to it, are refused", async () => {
  const refused = async (sandbox: object): Promise<string> =>
    (await rejection(temporaryLibrary({ sandbox: sandbox as SandboxSize }))).message;
  expect(await refused({ engine: "v9" })).toContain("Expected `sandbox.engine` to be one of");
  expect(await refused({ engine: "v8", slotsPerWorker: 2 })).toContain("`slotsPerWorker`");
  expect(await refused({ engine: "v8", workers: 0 })).toContain("Expected `sandbox.workers`");
});
