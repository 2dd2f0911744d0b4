import { expect, test } from "vitest";
import { soak } from "../../bench/soak/soak.ts";
import { quickjsSandbox } from "../../src/sandbox/quickjs/quickjs-sandbox.ts";

test("innocents beside attackers of every family all end well", async () => {
  const sandbox = quickjsSandbox({ workers: 2 });
  const report = await soak({ sandbox, durationMs: 5000, attackers: 4, innocents: 4 });
  await sandbox.close();
  const { attackFaults, innocentFaults, hostFaults, attacks, innocents } = report;
  expect({ attackFaults, innocentFaults, hostFaults }).toEqual({
    attackFaults: [],
    innocentFaults: [],
    hostFaults: [],
  });
  expect([attacks > 0, innocents > 0]).toEqual([true, true]);
}, 120_000);
