/**
 * Entry of a sandbox process. What it loads from here on is recorded, because its worker threads
 * are started from that record when the process may not read files any more.
 */
import { recordModules } from "./module-recorder.ts";

const modules = recordModules();
const { runChild } = await import("./child-main.ts");
await runChild(modules);
