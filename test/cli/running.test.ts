import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonOf } from "./run-cli.ts";
import type { CliOptions, Workplace } from "./run-cli.ts";
import { BOOM } from "./example-skills.ts";
import { execution, runningWorkplace } from "./running-workplace.ts";

let place: Workplace;
beforeAll(async () => {
  place = await runningWorkplace();
});
afterAll(() => place[Symbol.dispose]());

/** Interrupts the program as Ctrl-C would, once the skill says that it runs. */
function interrupted(times: number): CliOptions {
  return {
    onStart: (child) => {
      let begun = 0;
      child.stderr?.on("data", (chunk: string) => {
        begun += chunk.split("begun").length - 1;
        if (begun >= times) child.kill("SIGINT");
      });
    },
  };
}

function makePipe(name: string): void {
  execFileSync("sh", ["-c", `mkfifo ${name}`], { cwd: place.directory });
}

describe("run", () => {
  test("teaches searches the query that led to it", async () => {
    const query = "polite opening of a letter";
    await place.run(["run", "greet", "--context", '{"name":"Ada"}', "--query", query]);
    const { matches } = jsonOf(await place.run(["search", query, "--json"])) as {
      matches: readonly { id: string; scoreParts: { learned: number } }[];
    };
    expect(matches.find(({ id }) => id === "greet")?.scoreParts.learned).toBeCloseTo(0.1);
  });

  test("prints the execution", async () => {
    const result = await place.run(["run", "greet", "--context", '{"name":"Ada"}', "--json"]);
    expect({ ...result, stdout: jsonOf(result) }).toEqual({
      code: 0,
      stderr: "",
      stdout: execution("greet", "ok", { value: "Hello Ada" }),
    });
  });

  test("prints the value on stdout and everything about the run on stderr", async () => {
    const result = await place.run(["run", "greet", "--context", '{"name":"Ada"}']);
    expect(result.stdout).toBe("Hello Ada\n");
    expect(result.stderr).toMatch(/^ok greet@1 in [\d.]+ ms\n$/);
  });

  test("takes the context from a file and from stdin", async () => {
    place.write("context.json", { name: "file" });
    expect((await place.run(["run", "greet", "--context", "@context.json"])).stdout).toBe(
      "Hello file\n",
    );
    const stdin = '{"name":"stdin"}';
    expect((await place.run(["run", "greet", "--context", "-"], { stdin })).stdout).toBe(
      "Hello stdin\n",
    );
    const broken = await place.run(["run", "greet", "--context", "-", "--json"], {
      stdin: '{"name"\n',
    });
    expect(broken.code).toBe(4);
    expect(jsonOf(broken)).toEqual({
      error: {
        code: "INVALID_INPUT",
        message: "(stdin):2:1 is not JSON: unexpected the end of the text",
        details: { file: "(stdin)", line: 2, column: 1 },
      },
    });
  });

  test("exits with 5 when the skill fails, and shows where", async () => {
    const json = await place.run(["run", "boom", "--json"]);
    expect(json.code).toBe(5);
    expect(jsonOf(json)).toMatchObject({
      status: "error",
      error: { name: "TypeError", message: "no such thing", line: 3 },
      logs: [{ level: "warn", text: "soon" }],
    });
    const text = await place.run(["run", "boom"]);
    expect(text).toMatchObject({ code: 5, stdout: "" });
    expect(text.stderr).toContain("[warn] soon\nTypeError: no such thing\n");
    expect(text.stderr).toContain('throw new TypeError("no such thing");');
    expect(text.stderr).toContain("(boom@1.js:3:");
  });

  test("exits with 124 when the time is over", async () => {
    const result = await place.run(["run", "loop", "--timeout", "200ms", "--json"]);
    expect(result.code).toBe(124);
    expect(jsonOf(result)).toMatchObject({ skillId: "loop", status: "timeout" });
  });

  test("exits with 3 for an unknown skill or version", async () => {
    const result = await place.run(["run", "nobody", "--json"]);
    expect(result.code).toBe(3);
    expect(jsonOf(result)).toMatchObject({ skillId: "nobody", version: 0, status: "not-found" });
    expect((await place.run(["run", "greet", "--version", "9"])).code).toBe(3);
  });

  test("says what an unknown id may have been meant to be", async () => {
    expect((await place.run(["run", "gret"])).stderr).toMatch(
      /\nnot-found gret in [\d.]+ ms\nDid you mean greet\?\n$/,
    );
    expect((await place.run(["run", "zzzqqq"])).stderr).not.toContain("Did you mean");
  });

  test.skipIf(process.platform === "win32")(
    "reads its context from no pipe or device",
    async () => {
      makePipe("pipe");
      expect(await place.run(["run", "greet", "--context", "@pipe"])).toEqual({
        code: 4,
        stdout: "",
        stderr: "error: pipe is a pipe; expected a regular file, or - for standard input\n",
      });
      for (const args of [
        ["run", "greet", "--context", "@/dev/zero"],
        ["add", "pipe"],
        ["batch", "pipe"],
      ])
        expect((await place.run(args)).code).toBe(4);
    },
  );

  test("reads no more of its context than a context may have", async () => {
    const stdin = JSON.stringify({ name: "x".repeat(1024 * 1024) });
    const message = (name: string): string =>
      `error: ${name} has more than 1048576 bytes, the most that is read here\n`;
    const piped = await place.run(["run", "greet", "--context", "-"], { stdin });
    expect(piped).toEqual({ code: 4, stdout: "", stderr: message("(stdin)") });
    place.write("large.json", stdin);
    const file = await place.run(["run", "greet", "--context", "@large.json"]);
    expect(file).toEqual({ code: 4, stdout: "", stderr: message("large.json") });
  });

  test.skipIf(process.platform === "win32")(
    "ends at once when interrupted twice, even while a thread is stuck",
    async () => {
      makePipe("endless");
      place.write(
        "stuck.mjs",
        `import { readFile } from "node:fs";
         readFile("endless", () => {});
         setInterval(() => process.stderr.write("begun\\n"), 50);
         await new Promise(() => {});
         export function never() {}`,
      );
      let signal: NodeJS.Signals | null = null;
      const result = await place.run(["run", "greet", "--tools", "stuck.mjs"], {
        onStart: (child) => {
          child.stderr?.on("data", () => child.kill("SIGINT"));
          child.on("exit", (_, name) => (signal = name));
        },
      });
      expect({ code: result.code, signal }).toEqual({ code: null, signal: "SIGINT" });
    },
  );

  test("exits with 4 for a context that does not fit, and a skill without code", async () => {
    const context = await place.run(["run", "greet", "--context", '{"name":1}', "--json"]);
    expect(context.code).toBe(4);
    expect(jsonOf(context)).toMatchObject({ status: "invalid-context" });
    const advice = await place.run(["run", "advice", "--json"]);
    expect(advice.code).toBe(4);
    expect(jsonOf(advice)).toMatchObject({ error: { code: "NOT_EXECUTABLE" } });
  });

  test("exits with 7 when a tool is not granted, and grants those of a module", async () => {
    const denied = await place.run(["run", "clock", "--json"]);
    expect(denied.code).toBe(7);
    expect(jsonOf(denied)).toMatchObject({ status: "denied" });
    const args = ["run", "clock", "--context", '{"zone":"UTC"}', "--tools", "tools.mjs", "--json"];
    const granted = await place.run(args);
    expect({ code: granted.code, stdout: jsonOf(granted) }).toEqual({
      code: 0,
      stdout: execution("clock", "ok", {
        value: "12:00 UTC",
        hostCalls: 1,
        used: { tools: ["clock.now"], skills: [], fetch: [] },
      }),
    });
  });

  test("refuses a module without tools", async () => {
    place.write("none.mjs", "export const a = 1;");
    const result = await place.run(["run", "clock", "--tools", "none.mjs"]);
    expect(result).toEqual({
      code: 4,
      stdout: "",
      stderr:
        "error: Tools can not be taken from none.mjs: it exports no functions, and no objects with `execute`\n",
    });
    expect((await place.run(["run", "clock", "--tools", "absent.mjs"])).code).toBe(4);
  });

  test("gives the same random numbers for the same seed", async () => {
    const dice = { ...BOOM, id: "dice", code: "export default () => Math.random()" };
    await place.run(["add", "-", "--no-validate"], { stdin: JSON.stringify(dice) });
    const roll = async (seed: string): Promise<string> =>
      (await place.run(["run", "dice", "--seed", seed])).stdout;
    expect(await roll("7")).toBe(await roll("7"));
    expect(await roll("7")).not.toBe(await roll("8"));
  });

  test("ends a run on Ctrl-C, prints it as cancelled, and records it", async () => {
    const args = ["run", "wait", "--tools", "tools.mjs", "--json"];
    const result = await place.run(args, interrupted(1));
    expect(result.code).toBe(130);
    expect(jsonOf(result)).toMatchObject({ skillId: "wait", status: "cancelled" });
    const runs = jsonOf(await place.run(["runs", "--skill", "wait", "--json"]));
    expect(runs).toMatchObject([{ skillId: "wait", status: "cancelled" }]);
  });
});
