/** A program that opens a sandbox, runs something, and never closes it; with "stay" it also never ends. */
import { LIMITS } from "../../../base/limits.ts";
import { quickjsProcessSandbox } from "../quickjs-process-sandbox.ts";

const sandbox = quickjsProcessSandbox({ workers: 1 });
const { status } = await sandbox.run({
  program: { file: "a@1.js", code: "export default () => 1" },
  contextJson: "null",
  limits: LIMITS,
  onHostCall: async () => ({ ok: true, value: null }),
});
console.log(status);
if (process.argv[2] === "stay") setInterval(() => undefined, 1000);
