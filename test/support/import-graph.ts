import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "acorn";
import { transformSync } from "amaro";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Fixtures that contract suites need, and which are published with them. */
const CONTRACT_FIXTURES = /^store\/testing-fixtures\/(new-version|skill-store-)/;

/** What one source file imports at run time; types are erased and do not count. */
export interface Imports {
  /** Files of ours, relative to `src/`. */
  readonly files: readonly string[];
  /** Packages and `node:` modules. */
  readonly packages: readonly string[];
}

interface ImportNode {
  readonly type: string;
  readonly source?: { readonly value?: unknown } | null;
}

/** The run-time imports of every source file that is no test, by its path relative to `src/`. */
export function importGraph(): ReadonlyMap<string, Imports> {
  const source = join(ROOT, "src");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
    (file) =>
      file.endsWith(".ts") &&
      !file.endsWith(".test.ts") &&
      (!file.includes("testing-fixtures") || CONTRACT_FIXTURES.test(file)),
  );
  return new Map(files.map((file) => [file, importsOf(source, file)]));
}

function importsOf(source: string, file: string): Imports {
  const { code } = transformSync(readFileSync(join(source, file), "utf8"), { mode: "strip-only" });
  const specifiers: string[] = [];
  const pending: unknown[] = [parse(code, { ecmaVersion: "latest", sourceType: "module" })];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (typeof node !== "object" || node === null) continue;
    const { type, source: from } = node as ImportNode;
    if (/^(Import|Export)/.test(type ?? "") && typeof from?.value === "string")
      specifiers.push(from.value);
    pending.push(...Object.values(node));
  }
  const isFile = (specifier: string): boolean => specifier.startsWith(".");
  return {
    files: specifiers
      .filter(isFile)
      .map((specifier) => relative(source, resolve(dirname(join(source, file)), specifier))),
    packages: specifiers.filter((specifier) => !isFile(specifier)),
  };
}

/** Every file and package that is reached from `entry`. */
export function reachableFrom(
  graph: ReadonlyMap<string, Imports>,
  entry: string,
): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>([entry]);
  const packages = new Set<string>();
  for (const file of files) {
    const imports = graph.get(file);
    if (imports === undefined) throw new Error(`${file} is imported and does not exist`);
    for (const imported of imports.files) files.add(imported);
    for (const name of imports.packages) packages.add(name);
  }
  return { files, packages };
}
