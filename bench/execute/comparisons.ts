/** What else could run a skill, from nothing at all to a process per run. */
import { execFile, fork } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { LIMITS } from "../../src/base/limits.ts";
import { bareQuickjs } from "./bare-quickjs.ts";
import { NotInstalled } from "./engine.ts";
import { MODULES } from "../foreign-modules.ts";
import { messagingEngine } from "./messaging-engine.ts";
import type { BenchEngine, OpenEngine } from "./engine.ts";

type SkillFunction = (context: unknown, host: object) => unknown;

async function importFunction(code: string): Promise<SkillFunction> {
  const source = encodeURIComponent(`export default ${code};`);
  const loaded = (await import(`data:text/javascript,${source}`)) as { default: SkillFunction };
  return loaded.default;
}

export const plainFunction: BenchEngine = {
  name: "plain function call",
  pristine: "nothing",
  callsHost: true,
  async open() {
    const compiled = new Map<string, SkillFunction>();
    const host = { tool: async (_name: string, args: unknown) => args };
    return {
      async run({ code, contextJson }) {
        const main = compiled.get(code) ?? (await importFunction(code));
        compiled.set(code, main);
        return JSON.stringify(await main(JSON.parse(contextJson), host));
      },
      close: () => undefined,
    };
  },
};

export function quickjsInThisThread(reset: boolean): BenchEngine {
  return {
    name: `bare quickjs-wasi, ${reset ? "reset" : "realm reused"}`,
    pristine: reset ? "memory" : "nothing",
    callsHost: true,
    async open() {
      let called = "";
      const engine = await bareQuickjs((json) => {
        called = json;
      });
      return {
        async run({ code, contextJson }) {
          if (reset) await engine.reset();
          return engine.start(code, contextJson) ?? engine.answer(called) ?? "it still waits";
        },
        close: () => undefined,
      };
    },
  };
}

export const quickjsInWorker: BenchEngine = {
  name: "bare quickjs-wasi, reset, in a worker",
  pristine: "memory",
  callsHost: true,
  open() {
    const worker = new Worker(new URL("./bare-quickjs-thread.ts", import.meta.url));
    return messagingEngine(
      (message) => worker.postMessage(message),
      (hear) => worker.on("message", hear),
      async () => void (await worker.terminate()),
    );
  },
};

export function isolatedVm(fresh: "isolate" | "context"): BenchEngine {
  return {
    name: `bare isolated-vm in a child, fresh ${fresh}`,
    pristine: fresh === "isolate" ? "memory" : "realm",
    callsHost: true,
    open() {
      const child = fork(new URL("./isolated-vm-child.ts", import.meta.url), [fresh], {
        execArgv: ["--no-node-snapshot"],
      });
      return messagingEngine(
        (message) => child.send(message),
        (hear) => child.on("message", hear),
        () => void child.kill("SIGKILL"),
      );
    },
  };
}

/** A runtime per run; its memory is shared with all others. */
export const quickjsEmscripten: BenchEngine = {
  name: "bare quickjs-emscripten, fresh runtime",
  pristine: "realm",
  callsHost: false,
  async open(): Promise<OpenEngine> {
    const { getQuickJS } = await optionalModule<QuickjsEmscripten>("quickjs-emscripten");
    const module = await getQuickJS();
    return {
      run({ code, contextJson }) {
        const runtime = module.newRuntime();
        runtime.setMemoryLimit(LIMITS.memoryBytes);
        const realm = runtime.newContext();
        const source = `JSON.stringify((${code})(JSON.parse(${JSON.stringify(contextJson)})))`;
        const result = realm.unwrapResult(realm.evalCode(source, "bench@1.js"));
        const json = realm.getString(result);
        result.dispose();
        realm.dispose();
        runtime.dispose();
        return json;
      },
      close: () => undefined,
    };
  },
};

export const childPerRun: BenchEngine = {
  name: "a child process per run, node --permission",
  pristine: "process",
  callsHost: false,
  async open() {
    const execute = promisify(execFile);
    return {
      async run({ code, contextJson }) {
        const source = `let json = ""; process.stdin.on("data", (data) => (json += data)).on("end", async () => { process.stdout.write(JSON.stringify(await (${code})(JSON.parse(json)))); })`;
        const running = execute(process.execPath, ["--permission", "--eval", source], {
          env: {},
          maxBuffer: 16 * 1024 * 1024,
        });
        running.child.stdin?.end(contextJson);
        return (await running).stdout;
      },
      close: () => undefined,
    };
  },
};

interface Disposable {
  dispose(): void;
}

/** The part of it that is used. */
interface QuickjsEmscripten {
  getQuickJS(): Promise<{
    newRuntime(): Disposable & {
      setMemoryLimit(bytes: number): void;
      newContext(): Disposable & {
        evalCode(code: string, file: string): object;
        unwrapResult(result: object): Disposable;
        getString(value: Disposable): string;
      };
    };
  }>;
}

async function optionalModule<Module>(name: string): Promise<Module> {
  const from = MODULES === undefined ? import.meta.url : pathToFileURL(join(MODULES, "_")).href;
  try {
    return createRequire(from)(name) as Module;
  } catch (cause) {
    throw new NotInstalled(`not installed: npm install --no-save ${name}`, { cause });
  }
}
