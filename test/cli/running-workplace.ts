import { expect } from "vitest";
import { ADVICE, BOOM, CLOCK, GREET, LOOP, SHOUT, WAIT } from "./example-skills.ts";
import { openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

/** A library of skills to run, and a module of tools beside it. */
export async function runningWorkplace(): Promise<Workplace> {
  const place = openWorkplace();
  place.write("skills.json", [GREET, BOOM, LOOP, CLOCK, WAIT, SHOUT, ADVICE]);
  place.write(
    "tools.mjs",
    `export default { "clock.now": ({ zone }) => "12:00 " + zone };
     export function begin() { process.stderr.write("begun\\n"); return null; }
     export const version = 1;
     setInterval(() => {}, 1000);`,
  );
  await place.run(["add", "skills.json", "--no-validate"]);
  return place;
}

export const NUMBER = expect.any(Number) as number;
export const TEXT = expect.any(String) as string;

/** An execution as it is printed. */
export function execution(skillId: string, status: string, more: object): object {
  return {
    runId: TEXT,
    skillId,
    version: 1,
    status,
    startedAt: TEXT,
    durationMs: NUMBER,
    cpuMs: NUMBER,
    hostCalls: 0,
    logs: [],
    logsDropped: 0,
    // Nothing ran where no version was found.
    ...("version" in more ? {} : { engine: expect.stringMatching(/^quickjs-wasi@/) as string }),
    ...more,
  };
}
