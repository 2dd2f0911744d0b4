import { describe, expect, test } from "vitest";
import type { Capabilities } from "../skill/skill.ts";
import { grantsOf, skillRefusal, toolRefusal } from "./grants.ts";
import type { Grants } from "./grants.ts";

function capabilities(tools: readonly string[], skills: readonly string[] = []): Capabilities {
  return { tools, skills, fetch: [] };
}

function asLists({ tools, skills }: Grants): unknown {
  return { tools: [...tools], skills: [...skills] };
}

describe("grantsOf", () => {
  test("without a policy, what is declared is granted and nothing else", () => {
    expect(asLists(grantsOf(capabilities(["a", "b"], ["s"]), {}))).toEqual({
      tools: ["a", "b"],
      skills: ["s"],
    });
    expect(asLists(grantsOf(capabilities([]), {}))).toEqual({ tools: [], skills: [] });
  });

  test("a policy narrows the declaration and never widens it", () => {
    const policy = { tools: ["b", "c"], skills: ["t"] };
    expect(asLists(grantsOf(capabilities(["a", "b"], ["s", "t"]), policy))).toEqual({
      tools: ["b"],
      skills: ["t"],
    });
    expect(asLists(grantsOf(capabilities(["a"], ["s"]), { tools: [], skills: [] }))).toEqual({
      tools: [],
      skills: [],
    });
  });

  test("a called skill has no tool that its caller was not granted, and its own skills", () => {
    const caller = grantsOf(capabilities(["a"], ["child"]), {});
    expect(asLists(grantsOf(capabilities(["a", "b"], ["s"]), {}, caller))).toEqual({
      tools: ["a"],
      skills: ["s"],
    });
  });
});

describe("refusals", () => {
  const declared = capabilities(["a", "b", "c"], ["s", "t"]);
  const policy = { tools: ["b", "c"], skills: ["t"] };
  const host = { tools: new Map([["c", () => null]]), policy };
  const grants = grantsOf(declared, policy);

  test("each reason why a tool is refused says what would grant it", () => {
    expect(["c", "x", "a", "b"].map((name) => toolRefusal(name, declared, grants, host))).toEqual([
      undefined,
      'Tool "x" is not declared by the skill; add it to `capabilities.tools` of the draft',
      "Tool \"a\" is not granted: the host's policy or the calling skill does not have it; add it to `policy.tools`, or to the caller's `capabilities.tools`",
      'Tool "b" is not offered by this host; pass it to `openLibrary({ tools })`',
    ]);
  });

  test("each reason why a skill is refused says what would grant it", () => {
    expect(["t", "x", "s"].map((id) => skillRefusal(id, declared, grants))).toEqual([
      undefined,
      'Skill "x" is not declared by the calling skill; add it to `capabilities.skills` of the draft',
      'Skill "s" is not allowed by the host\'s policy; add it to `policy.skills`',
    ]);
  });

  test("names that objects inherit are not declared, not granted and not offered", () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(toolRefusal(name, declared, grants, host)).toContain("is not declared");
      const asked = capabilities([name]);
      expect(toolRefusal(name, asked, grantsOf(asked, policy), host)).toContain("is not granted");
      expect(toolRefusal(name, asked, grantsOf(asked, {}), host)).toContain("is not offered");
    }
  });
});
