import { describe, expect, test } from "vitest";
import type { Capabilities, Capability } from "../../skill/skill.ts";
import { grantsOf, refusalOf } from "./grants.ts";
import type { Grants, GrantSource } from "./grants.ts";
import type { GrantPolicy, Policy } from "../options.ts";
import { policyRules } from "./policy.ts";

function capabilities(more: Partial<Capabilities>): Capabilities {
  return { tools: [], skills: [], fetch: [], ...more };
}

function source(
  declared: Partial<Capabilities>,
  policy: Policy = {},
  more: {
    readonly caller?: string;
    readonly ofRun?: GrantPolicy;
    readonly skill?: Grants;
  } = {},
): GrantSource {
  return {
    declared: capabilities(declared),
    layers: policyRules(policy).layersOf(more.caller, more.ofRun),
    caller: more.skill,
  };
}

function granted(...given: Parameters<typeof source>): Capabilities {
  const { tools, skills, fetch } = grantsOf(source(...given));
  return { tools: [...tools], skills: [...skills], fetch: [...fetch] };
}

const A = "https://a.example";
const B = "https://b.example";
const NOTHING = capabilities({});

describe("grantsOf", () => {
  test("without a policy, the declared tools and skills are granted, no network, and nothing else", () => {
    expect(granted({ tools: ["a", "b"], skills: ["s"], fetch: [A] })).toEqual(
      capabilities({ tools: ["a", "b"], skills: ["s"] }),
    );
    expect(granted({})).toEqual(NOTHING);
  });

  test("a policy narrows the declaration and never widens it", () => {
    const policy = { tools: ["b", "c"], skills: ["t"], fetch: { origins: [B] } };
    expect(granted({ tools: ["a", "b"], skills: ["s", "t"], fetch: [A, B] }, policy)).toEqual(
      capabilities({ tools: ["b"], skills: ["t"], fetch: [B] }),
    );
    expect(granted({}, policy)).toEqual(NOTHING);
    const none = { tools: [], skills: [], fetch: { origins: [] } };
    expect(granted({ tools: ["a"], skills: ["s"], fetch: [A] }, none)).toEqual(NOTHING);
  });

  test("a caller's policy narrows the library's, and what it does not mention stays", () => {
    const policy: Policy = {
      tools: ["a", "b"],
      fetch: { origins: [A, B] },
      callers: { bot: { tools: ["b", "c"], fetch: { origins: [A] } }, idle: { tools: [] } },
    };
    const declared = { tools: ["a", "b", "c"], skills: ["s"], fetch: [A, B] };
    expect(granted(declared, policy, { caller: "bot" })).toEqual(
      capabilities({ tools: ["b"], skills: ["s"], fetch: [A] }),
    );
    expect(granted(declared, policy, { caller: "idle" }).tools).toEqual([]);
    const library = capabilities({ tools: ["a", "b"], skills: ["s"], fetch: [A, B] });
    expect(granted(declared, policy, { caller: "unknown" })).toEqual(library);
    expect(granted(declared, policy)).toEqual(library);
  });

  test('the entry "*" is for everyone without one, runs that name nobody included', () => {
    const policy: Policy = { callers: { "*": { tools: ["a"] }, bot: { tools: ["b"] } } };
    const tools = (caller?: string): readonly string[] =>
      granted({ tools: ["a", "b"] }, policy, caller === undefined ? {} : { caller }).tools;
    expect([tools("bot"), tools("other"), tools(), tools("*")]).toEqual([
      ["b"],
      ["a"],
      ["a"],
      ["a"],
    ]);
  });

  test("callers that are called like what objects inherit are ordinary callers", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    for (const caller of names) {
      expect(granted({ tools: ["a"] }, { callers: {} }, { caller }).tools).toEqual(["a"]);
      const callers = JSON.parse(`{${JSON.stringify(caller)}: {"tools": []}}`) as Policy["callers"];
      expect(granted({ tools: ["a"] }, { callers: callers ?? {} }, { caller }).tools).toEqual([]);
    }
  });

  test("a policy of the run narrows all others", () => {
    const policy: Policy = { tools: ["a", "b"], callers: { bot: { tools: ["b", "c"] } } };
    const declared = { tools: ["a", "b", "c"], skills: ["s"] };
    const narrowed = (ofRun: GrantPolicy): Capabilities =>
      granted(declared, policy, { caller: "bot", ofRun });
    expect(narrowed({ tools: ["a", "b", "c"] }).tools).toEqual(["b"]);
    expect(narrowed({ tools: ["a"] }).tools).toEqual([]);
    expect(narrowed({ skills: [] })).toEqual(capabilities({ tools: ["b"] }));
  });

  test("a called skill has no tool and no origin that its caller was not granted, and its own skills", () => {
    const policy = { fetch: { origins: [A, B] } };
    const skill = grantsOf(source({ tools: ["a"], skills: ["child"], fetch: [A] }, policy));
    expect(granted({ tools: ["a", "b"], skills: ["s"], fetch: [A, B] }, policy, { skill })).toEqual(
      capabilities({ tools: ["a"], skills: ["s"], fetch: [A] }),
    );
  });
});

describe("refusals", () => {
  const policy: Policy = {
    tools: ["b", "c", "d"],
    skills: ["t"],
    callers: { 'b"t': { tools: ["c", "d"], fetch: { origins: [] } }, "*": { skills: [] } },
    fetch: { origins: [A] },
  };
  const declared = { tools: ["a", "b", "c", "d"], skills: ["s", "t"], fetch: [A, B] };

  function refusals(
    from: GrantSource,
    ...asked: readonly (readonly [Capability["kind"], string])[]
  ): unknown {
    return asked.map(([kind, name]) => refusalOf({ kind, name }, from));
  }

  test("each reason says what would grant it", () => {
    const skill = grantsOf(source({ tools: ["c"] }));
    const from = source(declared, policy, {
      caller: 'b"t',
      ofRun: { tools: ["a", "c", "d"] },
      skill,
    });
    expect(
      refusals(from, ["tool", "c"], ["tool", "x"], ["tool", "a"], ["tool", "b"], ["tool", "d"]),
    ).toEqual([
      undefined,
      'Tool "x" is not declared by the skill; add it to `capabilities.tools` of the draft',
      'Tool "a" is not granted: the host\'s policy does not have it; add it to `policy.tools`',
      'Tool "b" is not granted: caller "b\\"t" may not use it; add it to `policy.callers["b\\"t"].tools`',
      'Tool "d" is not granted: the calling skill does not have it; add it to that skill\'s `capabilities.tools`',
    ]);
    expect(refusals(source(declared, {}, { ofRun: { tools: [] } }), ["tool", "a"])).toEqual([
      'Tool "a" is not granted: the policy this run was started with does not have it; add it to `tools` of that `policy`',
    ]);
  });

  test("for skills and for origins too", () => {
    expect(
      refusals(source(declared, { skills: ["t"] }), ["skill", "t"], ["skill", "x"], ["skill", "s"]),
    ).toEqual([
      undefined,
      'Skill "x" is not declared by the calling skill; add it to `capabilities.skills` of the draft',
      'Skill "s" is not granted: the host\'s policy does not have it; add it to `policy.skills`',
    ]);
    expect(refusals(source(declared, policy), ["skill", "t"], ["fetch", A], ["fetch", B])).toEqual([
      'Skill "t" is not granted: who names no caller may not use it; add it to `policy.callers["*"].skills`',
      undefined,
      `Fetching from ${B} is not granted: the host's policy does not have it; add it to \`policy.fetch.origins\``,
    ]);
    const blocked = source(declared, policy, { caller: 'b"t' });
    expect(refusals(blocked, ["fetch", A])).toEqual([
      `Fetching from ${A} is not granted: caller "b\\"t" may not use it; add it to \`policy.callers["b\\"t"].fetch.origins\``,
    ]);
  });

  test("a refusal is given for exactly what is not granted", () => {
    const from = source(declared, policy, { caller: 'b"t' });
    const { tools, skills, fetch } = grantsOf(from);
    for (const name of ["a", "b", "c", "d", "x", "__proto__", "constructor"])
      expect(refusalOf({ kind: "tool", name }, from) === undefined).toBe(tools.has(name));
    for (const name of ["s", "t", "x"])
      expect(refusalOf({ kind: "skill", name }, from) === undefined).toBe(skills.has(name));
    for (const name of [A, B, "https://c.example"])
      expect(refusalOf({ kind: "fetch", name }, from) === undefined).toBe(fetch.has(name));
  });

  test("names that objects inherit are not declared and not granted", () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(refusals(source(declared, policy), ["tool", name], ["skill", name])).toEqual([
        expect.stringContaining("is not declared"),
        expect.stringContaining("is not declared"),
      ]);
      const asked = source({ tools: [name], skills: [name] }, policy);
      expect(refusals(asked, ["tool", name], ["skill", name])).toEqual([
        expect.stringContaining("is not granted"),
        expect.stringContaining("is not granted"),
      ]);
      expect(granted({ tools: [name], skills: [name] }, policy)).toEqual(NOTHING);
    }
  });
});
