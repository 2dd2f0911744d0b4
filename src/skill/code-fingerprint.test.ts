import { parse } from "acorn";
import fc from "fast-check";
import { expect, test } from "vitest";
import { codeFingerprint } from "./code-fingerprint.ts";

function fingerprint(code: string): string | undefined {
  return codeFingerprint(parse(code, { ecmaVersion: "latest", sourceType: "module" }));
}

const EMAILS = `export default function (context) {
  const found = context.text.match(/[a-z]+@[a-z]+/g) ?? [];
  return found.map((each) => ({ each, length: each.length }));
}`;

test("layout, comments, brackets and the names of variables do not count", () => {
  const same = `// finds addresses
export default function named(input) {
  /* all */ const list = (input.text.match(/[a-z]+@[a-z]+/g)) ?? []
  return list.map(one => { return { each: one, length: one["length"] } }); }`;
  const renamed = `export default function(c){const f=c.text.match(/[a-z]+@[a-z]+/g)??[];
    return f.map((e)=>({each:e,length:e.length}))}`;
  expect(fingerprint(EMAILS)).toMatch(/^[0-9a-f]{64}$/);
  expect(fingerprint(renamed)).toBe(fingerprint(EMAILS));
  // An arrow with a body and a computed member are other programs, if with the same effect.
  expect(fingerprint(same)).not.toBe(fingerprint(EMAILS));
});

test("what a program reads, calls or answers counts", () => {
  const others = [
    EMAILS.replace("context.text", "context.body"),
    EMAILS.replace("length: each.length", "size: each.length"),
    EMAILS.replace("/g", "/gi"),
    EMAILS.replace("[a-z]+@", "[a-y]+@"),
    EMAILS.replace("?? []", "|| []"),
    EMAILS.replace("?? []", "?? [1]"),
    EMAILS.replace("?? []", '?? ["1"]'),
    EMAILS.replace("?? []", "?? [1n]"),
    EMAILS.replace("?? []", "?? [[], []]"),
    EMAILS.replace("?? []", "?? [[[]]]"),
    EMAILS.replace("found.map", "context.map"),
    EMAILS.replace("context.text.match", "globalThis.text.match"),
    EMAILS.replace("function (context)", "async function (context)"),
  ];
  const all = [EMAILS, ...others].map(fingerprint);
  expect(new Set(all).size).toBe(all.length);
});

test("names of the surroundings are never taken for variables", () => {
  const call = (name: string): string =>
    `export default async (context, host) => {
       await host.tool("open", { url: ${name}(context.url) });
       return [1, 2, 3, context];
     }`;
  expect(fingerprint(call("encodeURIComponent"))).not.toBe(fingerprint(call("decodeURIComponent")));
});

test("programs too small to tell anything have none", () => {
  expect(fingerprint("export default (context) => context;")).toBeUndefined();
  expect(fingerprint("export default ({ a, b }) => a + b;")).toBeUndefined();
});

test("any consistent renaming keeps it, and swapping two names of use does not", () => {
  const program = (a: string, b: string, c: string): string =>
    `export default ({ x: ${a}, y: ${b} = 2 }, ...${c}) => {
       try { for (const [k, v] of Object.entries(${a})) ${b} += k.length - v; }
       catch { class Local { m() { return ${c}; } } return new Local().m(); }
       return ${a} - ${b} + ${c}.length;
     }`;
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}_$/), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(names, ([a = "", b = "", c = ""]) => {
      expect(fingerprint(program(a, b, c))).toBe(fingerprint(program("p_", "q_", "r_")));
    }),
    { numRuns: 50 },
  );
  const swapped = program("p_", "q_", "r_").replace("return p_ - q_", "return q_ - p_");
  expect(fingerprint(swapped)).not.toBe(fingerprint(program("p_", "q_", "r_")));
});

test("a program of very many parts has one all the same", () => {
  expect(fingerprint(`export default () => [${"0,".repeat(125_000)}];`)).toMatch(/^[0-9a-f]{64}$/);
});
