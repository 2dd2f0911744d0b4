import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { importGraph, reachableFrom, ROOT } from "../support/import-graph.ts";

const graph = importGraph();
const SOCKETS = ["store", "cache", "lock", "sandbox", "search"];
const roomOf = (file: string): string => {
  if (/contract\.ts$|testing-fixtures/.test(file)) return "contracts";
  return file.includes("/") ? (file.split("/")[0] as string) : "entry";
};

/** What each room may import besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  skill: ["base"],
  ...Object.fromEntries(SOCKETS.map((socket) => [socket, ["base", "skill"]])),
  library: ["base", "skill", ...SOCKETS],
  cli: ["base", "skill", "entry"],
  // Suites stand beside the socket they are about, and are published with the kit.
  contracts: ["base", "skill", "testing", ...SOCKETS],
  testing: ["base", "skill", "library", ...SOCKETS],
  entry: ["base", "skill", "library", "testing", "contracts", ...SOCKETS],
};

test("imports go down the floors only, and sockets never import each other", () => {
  const wrong = [...graph].flatMap(([file, { files }]) =>
    files
      .filter(
        (imported) =>
          roomOf(imported) !== roomOf(file) && !ALLOWED[roomOf(file)]?.includes(roomOf(imported)),
      )
      .map((imported) => `${file} imports ${imported}`),
  );
  expect(wrong).toEqual([]);
});

test("every room of src/ has its rule", () => {
  expect([...new Set([...graph.keys()].map(roomOf))].toSorted()).toEqual(
    Object.keys(ALLOWED).toSorted(),
  );
});

test("only open-library chooses drivers, and choose-sandbox among those of the sandbox", () => {
  const drivers =
    /^(store\/sqlite|search\/(sqlite-index|static-embedder|embedders)|lock\/(memory-locks|sqlite)|sandbox\/(quickjs|process|v8|auto-sandbox))/;
  const choosers = [...graph].filter(
    ([file, { files }]) =>
      file.startsWith("library/") && files.some((imported) => drivers.test(imported)),
  );
  expect(choosers.map(([file]) => file).toSorted()).toEqual([
    "library/execution/choose-sandbox.ts",
    "library/open-library.ts",
  ]);
  const sandboxes = graph
    .get("library/open-library.ts")
    ?.files.filter((file) => /^sandbox\/.+\//.test(file));
  expect(sandboxes).toEqual([]);
});

test("the root entry reaches declared runtime dependencies and Node's own modules, and nothing of outer drivers", () => {
  const { dependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
    dependencies: Record<string, string>;
  };
  const { packages } = reachableFrom(graph, "index.ts");
  const names = [...packages]
    .filter((name) => !name.startsWith("node:"))
    .map((name) => name.split("/")[0] as string);
  expect(names.filter((name) => !(name in dependencies))).toEqual([]);
  expect(names).not.toContain("commander");
});

test("the kit for tests needs no test runner, and nothing but tests needs the kit", () => {
  const { packages } = reachableFrom(graph, "testing.ts");
  expect(packages).not.toContain("vitest");
  expect(packages).not.toContain("fast-check");
  for (const entry of ["index.ts", "sqlite.ts", "cli/bin.ts"]) {
    const files = [...reachableFrom(graph, entry).files];
    expect(files.filter((file) => /testing|contract/.test(file))).toEqual([]);
  }
});

test("no file imports itself through others", () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (done.has(file) || path.includes(file)) return;
    for (const imported of graph.get(file)?.files ?? []) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  expect(cycles).toEqual([]);
});

test("entries only re-export by name", () => {
  const entries = [...graph.keys()].filter((file) => roomOf(file) === "entry");
  for (const entry of entries) {
    const text = readFileSync(`${ROOT}src/${entry}`, "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
    expect(text.replaceAll(/export (type )?\{[^}]*\} from "[^"]+";/g, "").trim()).toBe("");
  }
});
