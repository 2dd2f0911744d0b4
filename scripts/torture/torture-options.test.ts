import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { replayCommand, tortureFlags, USAGE } from "./torture-options.ts";

test("options are read, and a replay begins with the round in question", () => {
  const flags = tortureFlags(["--minutes", "0.5", "--processes", "3", "--seed", "0"]);
  expect(flags).toStrictEqual({ minutes: 0.5, processes: 3, seed: 0, round: 0 });
  expect(flags === "help" ? "" : replayCommand(flags, 7)).toBe(
    "npm run torture -- --minutes 0.5 --processes 3 --seed 0 --round 7",
  );
  expect(tortureFlags(["--minutes", "1", "--help"])).toBe("help");
});

test.for([
  ["--minutes", "abc"],
  ["--minutes", "0"],
  ["--minutes", "Infinity"],
  ["--processes", "0.3"],
  ["--processes", "1e9"],
  ["--round", "x"],
  ["--round", ""],
  ["--round=-1"],
  ["--seed", "1.5"],
])("%s %s is refused by name", (given) => {
  expect(() => tortureFlags(given)).toThrow(
    new RegExp(`^Expected ${given[0]?.split("=")[0]} to be a (whole )?number .*, got "`),
  );
});

test("what is wrong ends with 2 and is no stack trace, and help is help", () => {
  const program = fileURLToPath(new URL("../torture.ts", import.meta.url));
  const run = (flag: string) => spawnSync(process.execPath, [program, flag], { encoding: "utf8" });
  expect(run("--help")).toMatchObject({ status: 0, stdout: USAGE, stderr: "" });
  const unknown = run("--nonsense");
  expect(unknown.status).toBe(2);
  expect(unknown.stderr).toContain("--nonsense");
  expect(unknown.stderr).not.toContain("    at ");
});
