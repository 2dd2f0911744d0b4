import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_NAME_LENGTH, OPERATION } from "./guest-limits.ts";
import { readHostOperation } from "./host-operation.ts";

const operation = fc.oneof(
  fc.constantFrom<number>(...Object.values(OPERATION)),
  fc.double(),
  fc.integer({ min: -10, max: 20 }),
);
const text = fc.oneof(
  fc.constant(undefined),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "",
    "0",
    "1",
    "0.5",
    "10.5",
    "-1",
    "NaN",
    "Infinity",
    "0x10",
    "1e400",
    " 1",
    "__proto__",
    "log",
  ),
  fc
    .integer({ min: MAX_NAME_LENGTH - 1, max: MAX_NAME_LENGTH + 2 })
    .map((length) => "n".repeat(length)),
);

test("whatever a guest sends is read as something a host can act on, or refused", () => {
  fc.assert(
    fc.property(operation, text, text, (code, name, body) => {
      const asked = readHostOperation(code, name, body);
      switch (asked.kind) {
        case "log":
          expect(["debug", "log", "info", "warn", "error"]).toContain(asked.level);
          expect(asked.text).toBe(body);
          break;
        case "progress":
          expect(asked.fraction >= 0 && asked.fraction <= 1).toBe(true);
          expect([undefined, name]).toContain(asked.message);
          break;
        case "sleep":
          expect(asked.ms >= 0 && asked.ms < 2 ** 31).toBe(true);
          break;
        case "refused":
          expect(["textBytes", "nameLength", "malformed"]).toContain(asked.why);
          break;
        default:
          expect(OPERATION[asked.kind] === code).toBe(true);
          expect([asked.name, asked.args]).toEqual([name, body]);
          expect(asked.name.length).toBeLessThanOrEqual(MAX_NAME_LENGTH);
      }
    }),
    { numRuns: 2000 },
  );
});
