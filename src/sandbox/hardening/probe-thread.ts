/** Entry of a thread like those for guests: it tries what they must not do, and reports. */
import { isMainThread, parentPort } from "node:worker_threads";
import { probeJavaScript } from "./probe-javascript.ts";

if (!isMainThread) parentPort?.postMessage(await probeJavaScript());
