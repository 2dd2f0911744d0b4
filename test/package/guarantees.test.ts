import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/import-graph.ts";

const text = readFileSync(join(ROOT, "docs/guarantees.md"), "utf8");
const REFERENCE = /`([\w./-]+\.(?:test|contract)\.ts)`:\s+"([^"]+)"/g;

/** Statements by the heading they stand under, each with all of its lines. */
function statements(): readonly { readonly under: string; readonly statement: string }[] {
  return text.split(/^## /m).flatMap((section) => {
    const [under = "", ...lines] = section.split("\n");
    const items = lines.join("\n").split(/^- /m).slice(1);
    return items.map((statement) => ({ under, statement }));
  });
}

/** The titles of a test file, whichever way they are laid out. */
function titlesIn(file: string): ReadonlySet<string> {
  const source = readFileSync(join(ROOT, file), "utf8");
  const calls = source.matchAll(
    /\b(?:test|it)(?:\.\w+)?(?:\([^"()]*\[[^\]]*\][^"()]*\))?\(\s*"([^"]+)"/g,
  );
  const each = source.matchAll(
    /\b(?:test|it)\.(?:each|for)(?:<\w+>)?\((?:\w+|[\s\S]*?\]\s*(?:as const)?\s*,?\s*)\)\(\s*"([^"]+)"/g,
  );
  return new Set([...calls, ...each].map((match) => match[1] as string));
}

test("every statement names a test, save for what is not promised", () => {
  const found = statements();
  expect(found.length).toBeGreaterThan(30);
  const bare = found.filter(
    ({ under, statement }) =>
      under !== "What is not promised" && statement.match(REFERENCE) === null,
  );
  expect(bare).toEqual([]);
});

test("every test that is named exists under that name", () => {
  const named = [...text.matchAll(REFERENCE)].map(([, file = "", title = ""]) => ({ file, title }));
  expect(named.length).toBeGreaterThan(50);
  const missing = named.filter(
    ({ file, title }) => !existsSync(join(ROOT, file)) || !titlesIn(file).has(title),
  );
  expect(missing).toEqual([]);
});
