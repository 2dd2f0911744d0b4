import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../src/store/testing-fixtures/temporary-directory.ts";

const PROGRAM = fileURLToPath(new URL("../support/closing-process.ts", import.meta.url));

test.each([0, 1, 30, 300])(
  "a library closed %i ms into everything it can do ends each of them, and its process ends",
  async (afterMs) => {
    const temporary = temporaryDirectory();
    const child = fork(PROGRAM, [join(temporary.path, "library"), String(afterMs)], {
      execArgv: [],
    });
    try {
      const [outcomes] = (await once(child, "message")) as [Record<string, string>];
      const [code] = (await once(child, "exit")) as [number | null];
      expect(code).toBe(0);
      for (const [call, outcome] of Object.entries(outcomes))
        expect(outcome, call).toMatch(/^(done|CLOSED|cancelled)$/);
      expect(Object.keys(outcomes)).toHaveLength(16);
      // What runs for a minute is stopped, and what nobody lets go is not waited for.
      expect(outcomes).toMatchObject({ slow: "cancelled", waiting: "CLOSED", late: "CLOSED" });
    } finally {
      child.kill("SIGKILL");
      temporary.remove();
    }
  },
  60_000,
);
