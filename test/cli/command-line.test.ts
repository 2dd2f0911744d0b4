import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { BOOM, GREET } from "./example-skills.ts";
import { jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let place: Workplace;
beforeAll(() => {
  place = openWorkplace();
});
afterAll(() => place[Symbol.dispose]());

const COMMANDS =
  "add get list facets search run batch compose version history diff rollback status remove claim release learned stats runs replay doctor backup restore demo completion".split(
    " ",
  );

describe("help", () => {
  test("lists every command and the exit codes", async () => {
    const { code, stdout, stderr } = await place.run(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect([...stdout.matchAll(/^ {2}([a-z]+)\b.* {2}\S/gm)].map(([, name]) => name)).toEqual([
      ...COMMANDS,
      "help",
    ]);
    expect(stdout).toContain("124 timeout · 130 interrupted");
  });

  test("of a command gives its options and an example", async () => {
    const { code, stdout } = await place.run(["run", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("--timeout <duration>");
    expect(stdout).toContain("Example:\n  $ repertoire run slugify --context");
  });

  test("is shown, as an error, when no command is given", async () => {
    const { code, stdout, stderr } = await place.run([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Usage: repertoire");
  });

  test("--version prints the version of the package", async () => {
    const file = new URL("../../package.json", import.meta.url);
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
    expect(await place.run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("completion prints a script", async () => {
    const { code, stdout } = await place.run(["completion", "bash"]);
    expect(code).toBe(0);
    expect(stdout).toContain("complete -o bashdefault -o default -F _repertoire repertoire");
    expect((await place.run(["completion", "tcsh"])).code).toBe(2);
  });
});

describe("usage errors", () => {
  test("an unknown command is told with the one that was meant", async () => {
    expect(await place.run(["serach", "x"])).toEqual({
      code: 2,
      stdout: "",
      stderr: `error: unknown command 'serach'\n(Did you mean search?)\nRun "repertoire --help" for the commands.\n`,
    });
  });

  test("are a document too with --json", async () => {
    const result = await place.run(["list", "--json", "--limt", "3"]);
    expect(result.code).toBe(2);
    expect(jsonOf(result)).toEqual({
      error: {
        code: "USAGE",
        message: "unknown option '--limt'\n(Did you mean --limit?)",
        details: {},
      },
    });
    expect(result.stderr).toContain("error: unknown option '--limt'");
  });

  test.each([
    [["run"]],
    [["run", "a", "b"]],
    [["run", "a", "--timeout", "soon"]],
    [["run", "a", "--timeout", "0"]],
    [["run", "a", "--timeout", "11m"]],
    [["run", "a", "--version", "0"]],
    [["run", "a", "--seed", "-1"]],
    [["list", "--limit", "0"]],
    [["list", "--status", "lively"]],
    [["search", "a", "--limit", "1001"]],
    [["search", "a", "--min-success-rate", "50%"]],
    [["batch", "-", "--max-concurrent", "0"]],
    [["diff", "a", "1"]],
    [["diff", "a", "1", "two"]],
    [["rollback", "a", "1", "--expected-version", "latest"]],
    [["status", "a", "lively"]],
    [["runs", "--redact", "a", "--limit", "2"]],
    [["replay"]],
    [["replay", "a", "--version", "0"]],
    [["no-such-command", "a"]],
  ])("%j exits with 2 and writes nothing to stdout", async (args) => {
    const { code, stdout, stderr } = await place.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: .+\nRun "repertoire .*--help" for/s);
  });
});

describe("the library", () => {
  test("is where --library says, before REPERTOIRE_LIBRARY, before the data directory", async () => {
    place.write("greet.json", GREET);
    const pathOf = async (args: string[], env: Record<string, string>): Promise<unknown> => {
      await place.run(["add", "greet.json", ...args], { env });
      return (jsonOf(await place.run(["stats", "--json", ...args], { env })) as { path: string })
        .path;
    };
    const data = join(place.directory, "data");
    expect(await pathOf(["--library", "here"], {})).toBe(join(place.directory, "here"));
    expect(await pathOf([], { REPERTOIRE_LIBRARY: "there" })).toBe(join(place.directory, "there"));
    expect(await pathOf([], { REPERTOIRE_LIBRARY: "", XDG_DATA_HOME: data })).toBe(
      join(data, "repertoire"),
    );
    const before = await place.run(["--library", "here", "--json", "stats"]);
    expect(jsonOf(before)).toMatchObject({ path: join(place.directory, "here") });
  });

  test.each([
    ["get", "a"],
    ["list"],
    ["search", "a"],
    ["run", "a"],
    ["compose", "a"],
    ["version", "a"],
    ["history", "a"],
    ["diff", "a", "1", "2"],
    ["rollback", "a", "1"],
    ["status", "a", "active"],
    ["remove", "a"],
    ["claim", "a"],
    ["release", "a", "--force"],
    ["stats"],
    ["runs"],
    ["runs", "--redact", "a"],
    ["replay", "a"],
  ])("is not created by %s", async (...args) => {
    const path = join(place.directory, "mistyped");
    const result = await place.run([...args, "--library", "mistyped", "--json"]);
    const message = `There is no library at ${path}; add a skill to create one, or name another with --library`;
    expect({ ...result, stdout: jsonOf(result) }).toEqual({
      code: 3,
      stdout: { error: { code: "LIBRARY_NOT_FOUND", message, details: { path } } },
      stderr: `error: ${message}\n`,
    });
    expect(existsSync(path)).toBe(false);
  });

  test("is not created in a directory that has none, by a batch", async () => {
    mkdirSync(join(place.directory, "other"));
    const stdin = '{"id":"a"}\n';
    expect((await place.run(["batch", "-", "--library", "other"], { stdin })).code).toBe(3);
    expect(readdirSync(join(place.directory, "other"))).toEqual([]);
  });

  test("can not be a file", async () => {
    const file = place.write("file", "x");
    const result = await place.run(["list", "--library", file, "--json"]);
    expect(result.code).toBe(4);
    expect(jsonOf(result)).toMatchObject({ error: { code: "INVALID_INPUT" } });
    expect(result.stderr).toContain("is a file; a library is a directory");
  });

  test.skipIf(process.getuid?.() === 0)("can not be where nothing can be written", async () => {
    const locked = join(place.directory, "locked");
    mkdirSync(locked, { mode: 0o500 });
    const result = await place.run([
      "add",
      place.write("greet.json", GREET),
      "--library",
      "locked",
      "--json",
    ]);
    chmodSync(locked, 0o700);
    expect(result.code).toBe(1);
    expect(jsonOf(result)).toMatchObject({ error: { code: "STORE_UNAVAILABLE" } });
  });

  test("can not be in a place that is no directory", async () => {
    const result = await place.run(["list", "--library", "/dev/null/library", "--json"]);
    expect(result.code).toBe(1);
    expect(jsonOf(result)).toMatchObject({ error: { code: "STORE_UNAVAILABLE" } });
  });

  test("can not be one that is damaged", async () => {
    mkdirSync(join(place.directory, "damaged"));
    place.write("damaged/library.sqlite", "this is no database ".repeat(100));
    const result = await place.run(["list", "--library", "damaged", "--json"]);
    expect(result.code).toBe(1);
    expect(jsonOf(result)).toMatchObject({ error: { code: "STORE_CORRUPT" } });
    expect(result.stderr).toMatch(/^error: .+\n$/);
  });
});

describe("a reader that goes away", () => {
  test("ends a list quietly", async () => {
    const many = Array.from({ length: 1500 }, (_, index) => ({
      ...GREET,
      id: `skill_${index}`,
      description: `Number ${index}. ${"word ".repeat(60)}`,
      examples: [],
    }));
    place.write("many.json", many);
    expect((await place.run(["add", "many.json", "--library", "many", "--json"])).code).toBe(0);
    const result = await place.run(["list", "--library", "many", "--json"], {
      onStart: (child) => child.stdout?.once("data", () => child.stdout?.destroy()),
    });
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: "" });
    expect(result.stdout.length).toBeLessThan(400_000);
  });

  test("ends a batch", async () => {
    const quick = { ...BOOM, id: "quick", code: 'export default () => "x".repeat(100000)' };
    place.write("quick.json", quick);
    await place.run(["add", "quick.json", "--no-validate"]);
    const stdin = '{"id":"quick"}\n'.repeat(300);
    const result = await place.run(["batch", "-", "--json"], {
      stdin,
      onStart: (child) => child.stdout?.once("data", () => child.stdout?.destroy()),
    });
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: "" });
    const { runs } = jsonOf(await place.run(["stats", "--json"])) as {
      runs: { byStatus: Record<string, number> };
    };
    expect(runs.byStatus["ok"]).toBeLessThan(300);
  });
});

test.skipIf(process.platform !== "linux")("output that is lost is an error", async () => {
  const result = await place.run(["completion", "bash"], { stdout: "/dev/full" });
  expect(result).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^error: stdout can not be written: ENOSPC/) as string,
  });
});

describe("doctor", () => {
  test("finds a new library well", async () => {
    await place.run(["add", place.write("greet.json", GREET), "--library", "well"]);
    const result = await place.run(["doctor", "--json", "--library", "well"]);
    const { ok, checks } = jsonOf(result) as {
      ok: boolean;
      checks: { name: string; status: string }[];
    };
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(ok).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual([
      "node",
      "sqlite",
      "path",
      "disk",
      "store",
      "index",
      "content",
      "confusable skills",
      "sandbox",
      "timeout",
      "isolated",
    ]);
    expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
  });

  test("tells of an engine that can not be had as of anything else that is not well", async () => {
    await place.run(["add", place.write("greet.json", GREET), "--library", "well"]);
    const env = { REPERTOIRE_ENGINE: "V8" };
    const result = await place.run(["doctor", "--json", "--library", "well"], { env });
    const { checks } = jsonOf(result) as { checks: { name: string; status: string }[] };
    expect(result.code).toBe(1);
    const told = checks.filter(({ name }) => ["store", "index", "sandbox"].includes(name));
    expect(told).toEqual([
      expect.objectContaining({ name: "store", status: "ok" }),
      expect.objectContaining({ name: "index", status: "ok" }),
      {
        name: "sandbox",
        status: "fail",
        message:
          'Expected REPERTOIRE_ENGINE to be one of quickjs, quickjs-process, v8, auto, got "V8"',
        remedy: "follow the message, or leave REPERTOIRE_ENGINE unset",
      },
    ]);
  });

  test("rebuilds the index, and says so", async () => {
    place.write("greet.json", GREET);
    await place.run(["add", "greet.json", "--library", "indexed"]);
    const { code, stdout } = await place.run(["doctor", "--reindex", "--library", "indexed"]);
    expect(code).toBe(0);
    expect(stdout).toContain("ok    index    rebuilt; 1 of 1 skills indexed, 1 with a vector\n");
  });

  test("exits with 1 when something is not well, with a remedy, and checks the rest", async () => {
    mkdirSync(join(place.directory, "ill"));
    place.write("ill/library.sqlite", "this is no database ".repeat(100));
    const result = await place.run(["doctor", "--library", "ill", "--json"]);
    expect(result.code).toBe(1);
    const { ok, checks } = jsonOf(result) as {
      ok: boolean;
      checks: { name: string; status: string; remedy?: string }[];
    };
    expect(ok).toBe(false);
    expect(checks.map(({ name, status }) => [name, status])).toEqual([
      ["node", "ok"],
      ["sqlite", "ok"],
      ["path", "ok"],
      ["disk", expect.stringMatching(/^(ok|warn)$/)],
      ["store", "fail"],
      ["sandbox", "ok"],
      ["timeout", "ok"],
      ["isolated", "ok"],
    ]);
    expect(checks[4]?.remedy).toContain("backup");
    const file = place.write("no-library", "x");
    expect((await place.run(["doctor", "--library", file])).stdout).toContain(
      "fail  path     " + join(place.directory, file) + " is a file\n",
    );
  });

  test("says where there is no library, and creates none", async () => {
    const result = await place.run(["doctor", "--library", "nowhere"]);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain(
      `warn  store    There is no library at ${join(place.directory, "nowhere")}\n`,
    );
    expect(existsSync(join(place.directory, "nowhere"))).toBe(false);
  });

  test.each([
    [/^library\.sqlite$/, "store", "backup"],
    [/^runs\.sqlite$/, "runs", "move runs.sqlite away"],
    [/^index.*\.sqlite$/, "index", "delete index"],
  ])("finds damage inside %s", async (pattern, check, remedy) => {
    const library = join(place.directory, `damaged-${check}`);
    place.write("greet.json", GREET);
    await place.run(["add", "greet.json", "--library", library]);
    await place.run(["run", "greet", "--context", '{"name":"Ada"}', "--library", library]);
    const name = readdirSync(library).find((each) => pattern.test(each)) ?? "";
    spoil(join(library, name));
    const result = await place.run(["doctor", "--library", library, "--json"]);
    expect(result.code).toBe(1);
    const { checks } = jsonOf(result) as { checks: { name: string; status: string }[] };
    expect(checks.filter(({ status }) => status === "fail")).toEqual([
      {
        name: check,
        status: "fail",
        message: expect.stringContaining(`${name} is damaged: `) as string,
        remedy: expect.stringContaining(remedy) as string,
      },
    ]);
  });
});

/** Overwrites the head of every page but the first, which opening the file looks at. */
function spoil(file: string): void {
  const bytes = readFileSync(file);
  for (let at = 4096; at < bytes.length; at += 4096) bytes.fill(0xde, at, at + 80);
  writeFileSync(file, bytes);
}

test("text of unknown origin can not steer the terminal", async () => {
  const escape = "\u001B[31m";
  const unknown = await place.run([`x${escape}`]);
  expect(unknown.stderr).toContain("unknown command 'x\uFFFD[31m'");
  const missing = await place.run(["list", "--library", `y${escape}`]);
  expect(missing.stderr).not.toContain("\u001B");
  const evil = {
    ...BOOM,
    id: "evil",
    code: 'export default () => { console.log("x\\nok evil@1 in 3 ms"); return { a: "\\u009b1m\\u202e" }; }',
  };
  await place.run(["add", place.write("evil.json", evil), "--no-validate"]);
  const { stdout, stderr } = await place.run(["run", "evil"]);
  expect(stdout).toBe('{\n  "a": "\\u009b1m\\u202e"\n}\n');
  expect(stderr).toMatch(/^\[log\] x\n {2}ok evil@1 in 3 ms\nok evil@1 in [\d.]+ ms\n$/);
  const json = await place.run(["run", "evil", "--json"]);
  expect(json.stdout).toContain('{"a":"\\u009b1m\\u202e"}');
  expect(jsonOf(json)).toMatchObject({ value: { a: "\u009b1m\u202e" } });
});
