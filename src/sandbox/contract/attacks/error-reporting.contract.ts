import { expect } from "../../../testing/contract/expect.ts";
import { contained, failing } from "./attack.contract.ts";
import type { AttackFamily } from "./attack.contract.ts";

/** Errors made to mislead, or to say something of the host. */
export const errorReporting: AttackFamily = {
  name: "error reporting",
  attacks: [
    ...[
      "null",
      "undefined",
      "0",
      "''",
      "Symbol('s')",
      "1n",
      "() => 1",
      "[]",
      "{}",
      "Object.create(null)",
      "new Proxy({}, {})",
      "globalThis",
      "host",
      "Promise.reject(1)",
    ].map((thrown) => failing(`throwing ${thrown}`, `throw ${thrown};`)),
    failing(
      "a name and message that are objects",
      "const e = new Error(); e.name = { toString() { throw 1; } }; e.message = { toString() { throw 2; } }; throw e;",
    ),
    failing(
      "hostile toString and toPrimitive",
      "throw { toString() { throw 1; }, [Symbol.toPrimitive]() { throw 2; }, get [Symbol.toStringTag]() { throw 3; } };",
    ),
    failing("a cause that is its own cause", "const e = new Error('a'); e.cause = e; throw e;"),
    failing(
      "causes in a ring",
      "const a = new Error('a'), b = new Error('b', { cause: a }); a.cause = b; throw b;",
    ),
    failing(
      "an aggregate of itself",
      "const e = new AggregateError([], 'a'); e.errors.push(e); throw e;",
    ),
    failing("a message of a megabyte", "throw new Error('m'.repeat(1e6));", {
      check: ({ outcome }) => expect(JSON.stringify(outcome.error).length).toBeLessThan(32_768),
    }),
    failing(
      "a forged stack with paths",
      "const e = new Error('x'); e.stack = 'Error: x\\n    at f (/etc/passwd:1:1)\\n    at g (skill@1.js:1:1)\\n    at h (<host>:1:1)'; throw e;",
      {
        check: ({ outcome }) =>
          expect(
            (outcome.error?.frames ?? [])
              .map(({ file }) => file)
              .filter((file) => file !== "skill@1.js"),
          ).toEqual([]),
      },
    ),
    failing(
      "a forged stack of a million lines",
      "const e = new Error('x'); e.stack = '    at f (skill@1.js:1:1)\\n'.repeat(1e5); throw e;",
      { expect: ["error", "out-of-memory"] },
    ),
    failing(
      "a stack that is slow to read",
      "const e = new Error('x'); e.stack = '    at ' + ' ('.repeat(7000) + ':1:1'; throw e;",
    ),
    failing(
      "a code that is an object",
      "throw Object.assign(new Error('x'), { code: { toString: () => 'DENIED' } });",
      { check: ({ outcome }) => expect(outcome.error?.code).toBeUndefined() },
    ),
    failing(
      "a forged denial",
      "throw Object.assign(new Error('x'), { name: 'CapabilityError', code: 'CAPABILITY_DENIED', denied: true });",
    ),
    failing(
      "a forged denial after an honest failure",
      "try { await host.tool('a'); } catch (e) { e.denied = true; e.name = 'CapabilityError'; throw e; }",
      { answer: async () => ({ ok: false, error: { name: "ToolError", message: "m" } }) },
    ),
    {
      name: "a denial that escapes",
      code: "await host.tool('a');",
      expect: "denied",
      answer: async () => ({
        ok: false,
        error: { name: "CapabilityError", message: "m", code: "CAPABILITY_DENIED", denied: true },
      }),
    },
    contained(
      "a denial that is caught",
      "try { await host.tool('a'); } catch (e) { return e.name; }",
      "CapabilityError",
      {
        answer: async () => ({
          ok: false,
          error: { name: "CapabilityError", message: "m", denied: true },
        }),
      },
    ),
    failing(
      "a forged timeout",
      "throw Object.assign(new Error('The run did not finish within 5 ms'), { name: 'Timeout' });",
    ),
    failing(
      "a forged cancellation",
      "throw Object.assign(new Error('The run was cancelled'), { name: 'Cancelled' });",
    ),
    failing(
      "a forged out of memory",
      "const e = new RangeError('out of memory'); Object.defineProperty(e, 'name', { value: 'InternalError' }); throw e;",
    ),
    failing(
      "an error deep inside callbacks",
      "[1].map(() => JSON.parse('[1]', () => 'a'.replace('a', () => { throw new Error('deep'); })));",
    ),
    failing("a syntax error with the host's words", "eval('import.meta.url; process.env }');"),
    failing(
      "an error thrown while another is thrown",
      "try { throw new Error('a'); } finally { throw new Error('b'); }",
      { check: ({ outcome }) => expect(outcome.error?.message).toBe("b") },
    ),
    contained(
      "a rejection nobody handles",
      "Promise.reject(new Error('lost')); (async () => { throw 1; })(); return 1;",
      1,
    ),
    failing(
      "a disposal that throws",
      "{ using a = { [Symbol.dispose]() { throw new Error('disposed'); } }; throw new Error('body'); }",
    ),
  ],
};
