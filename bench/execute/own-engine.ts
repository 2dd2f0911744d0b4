/** A sandbox of the library as the program measures it: everything it does is part of the time. */
import { LIMITS, runLimits } from "../../src/base/limits.ts";
import type { Program, Sandbox } from "../../src/sandbox/sandbox.ts";
import type { BenchEngine, OpenEngine } from "./engine.ts";

const LIMITS_OF_A_RUN = { ...runLimits(LIMITS), timeoutMs: 60_000 };

export function ownEngine(name: string, create: () => Sandbox): BenchEngine {
  return {
    name,
    pristine: "memory",
    callsHost: true,
    open: async () => openSandbox(create()),
  };
}

export function openSandbox(sandbox: Sandbox): OpenEngine {
  const programs = new Map<string, Program>();
  return {
    async run({ code, contextJson }) {
      // One object per program, as the library has one per version of a skill.
      const program = programs.get(code) ?? { file: "bench@1.js", code: `export default ${code};` };
      programs.set(code, program);
      const { status, valueJson, error } = await sandbox.run({
        program,
        contextJson,
        limits: LIMITS_OF_A_RUN,
        onHostCall: async ({ args }) => ({ ok: true, value: args }),
      });
      return valueJson ?? `${status}: ${error?.message}`;
    },
    close: () => sandbox.close(),
  };
}
