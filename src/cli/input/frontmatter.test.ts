import { describe, expect, test } from "vitest";
import { parseFrontmatter } from "./frontmatter.ts";

function fieldsOf(yaml: string): unknown {
  const { fields } = parseFrontmatter("SKILL.md", `---\n${yaml}\n---\nbody\n`);
  return Object.fromEntries(
    [...fields].map(([key, value]) => [
      key,
      value instanceof Map ? Object.fromEntries(value) : value,
    ]),
  );
}

describe("parseFrontmatter", () => {
  test("separates the fields from the body", () => {
    const text = "\uFEFF---\r\nname: pdf\r\n---\r\n\r\n# Use\r\n---\r\nmore\r\n";
    const { fields, body } = parseFrontmatter("SKILL.md", text);
    expect([...fields]).toEqual([["name", "pdf"]]);
    expect(body).toBe("# Use\n---\nmore");
  });

  test("reads plain scalars as texts, colons and comments in them too", () => {
    expect(
      fieldsOf(
        "a: Use when: a table\nb: 1.0\nc: true # yes\nd: a#b\ne:\n# comment\nf: https://x.org",
      ),
    ).toEqual({ a: "Use when: a table", b: "1.0", c: "true", d: "a#b", e: "", f: "https://x.org" });
  });

  test("folds scalars that go on over further lines", () => {
    expect(fieldsOf('a: one\n  two\n\n  three\nb: "x\n  y"\nc: z')).toEqual({
      a: "one two\nthree",
      b: "x y",
      c: "z",
    });
  });

  test("reads quoted scalars with their escapes", () => {
    expect(
      fieldsOf(String.raw`a: "tab\t \"q\" \u00e9 # no comment" # comment` + "\nb: 'it''s: #1'"),
    ).toEqual({
      a: 'tab\t "q" é # no comment',
      b: "it's: #1",
    });
  });

  test("reads block scalars with their chomping", () => {
    expect(
      fieldsOf(
        "a: |\n  one\n    two\n\n  three\nb: >\n  one\n  two\n\n  three\nc: |-\n  x\nd: >-\n  y\n  z",
      ),
    ).toEqual({ a: "one\n  two\n\nthree\n", b: "one two\nthree\n", c: "x", d: "y z" });
  });

  test("reads lists in a line and below each other", () => {
    expect(
      fieldsOf("a: [x, 'y, z', \"w\"]\nb:\n  - one\n  - 'two'\nc:\n- three\nd: []\ne: [p,\n  q]"),
    ).toEqual({
      a: ["x", "y, z", "w"],
      b: ["one", "two"],
      c: ["three"],
      d: [],
      e: ["p", "q"],
    });
  });

  test("reads one nested map", () => {
    expect(fieldsOf('metadata:\n    author: me\n\n    version: "1.0"\nname: x')).toEqual({
      metadata: { author: "me", version: "1.0" },
      name: "x",
    });
  });

  test.each([
    ["name: a\nname: b", 'SKILL.md:3: "name" is given twice'],
    ["just text", 'SKILL.md:2: expected "name: value" indented by 0 spaces'],
    [
      "a: 1\nb:\n  c: 2\nd: &x 1",
      "SKILL.md:5: this YAML is not supported here: &x 1; write it as a quoted string",
    ],
    [
      "a: {b: 1}",
      "SKILL.md:2: this YAML is not supported here: {b: 1}; write it as a quoted string",
    ],
    ["m:\n    a: 1\n  b: 2", 'SKILL.md:4: expected "name: value" indented by 0 spaces'],
    ["a: 1\n  b: 2", "SKILL.md:3: this looks like a field within a text"],
    ['a: "no end\nb: 1', "SKILL.md:2: the quoted text has no end, or something follows it"],
    [String.raw`a: "\q"`, String.raw`SKILL.md:2: there is no escape \q`],
    ["a: [x, y", "SKILL.md:2: the list has no closing bracket"],
    ["\ta: 1", "SKILL.md:2: indent with spaces; YAML does not allow tabs"],
  ])("refuses %j with its line", (yaml, message) => {
    expect(() => fieldsOf(yaml)).toThrow(message);
  });

  test("refuses a file without frontmatter, and one whose frontmatter does not end", () => {
    expect(() => parseFrontmatter("SKILL.md", "# Title\n")).toThrow(
      'SKILL.md:1: expected the first line to be "---"',
    );
    expect(() => parseFrontmatter("SKILL.md", "---\nname: x\n")).toThrow(
      'SKILL.md:3: expected a line "---" that ends the frontmatter',
    );
  });
});
