import { expect, test } from "vitest";
import { rejection } from "../../../test/support/thrown.ts";
import { openLibrary } from "../open-library.ts";
import type { LibraryOptions } from "../options.ts";

async function refusal(policy: unknown): Promise<unknown> {
  // Nothing is created before the options are checked, so the path may be anything.
  const options = { path: "/nowhere/at/all", policy } as LibraryOptions;
  const { code, message } = (await rejection(openLibrary(options))) as {
    code: string;
    message: string;
  };
  return [code, message];
}

test("a policy that is malformed anywhere is refused, because it might allow everything", async () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ tool: [] }, "policy has no option `tool`; it takes tools, skills, fetch, callers"],
    [{ tools: "a" }, 'Expected `policy.tools` to be a list of texts, got "a"'],
    [{ fetch: ["https://a.example"] }, "Expected the options of policy.fetch to be an object"],
    [{ fetch: { origin: [] } }, "policy.fetch has no option `origin`; it takes origins"],
    [
      { fetch: { origins: ["https://a.example/path"] } },
      'Expected `policy.fetch.origins[0]` to be an origin such as https://api.example.com, without a path and without patterns, got "https://a.example/path"; did you mean "https://a.example"?',
    ],
    [new Map([["tools", []]]), "Expected the options of policy to be an object"],
    [Object.create({ tools: [] }), "Expected the options of policy to be an object"],
    [
      { fetch: { origins: ["https://*.example.com"] } },
      "to be an origin such as https://api.example.com, without a path and without patterns",
    ],
    [{ callers: new Map() }, "Expected `policy.callers` to be an object of policies by caller"],
    [
      { callers: { bot: new Map() } },
      'Expected the options of policy.callers["bot"] to be an object',
    ],
    [{ callers: [] }, "Expected `policy.callers` to be an object of policies by caller, got []"],
    [
      { callers: { bot: { tolls: [] } } },
      'policy.callers["bot"] has no option `tolls`; it takes tools, skills, fetch',
    ],
    [
      { callers: { bot: undefined } },
      'Expected the options of policy.callers["bot"] to be an object, got nothing',
    ],
    [
      { callers: { bot: { callers: {} } } },
      'policy.callers["bot"] has no option `callers`; it takes tools, skills, fetch',
    ],
    [
      { callers: { bot: { skills: [1] } } },
      'Expected `policy.callers["bot"].skills` to be a list of texts, got [1]',
    ],
  ];
  for (const [policy, message] of cases)
    expect(await refusal(policy)).toEqual(["INVALID_INPUT", expect.stringContaining(message)]);
});
