/**
 * The least a sandbox in a thread can do, and what the pool is measured against: a worker that
 * takes a message, resets the bare engine, runs, and posts the result.
 */
import { parentPort } from "node:worker_threads";
import { bareQuickjs } from "./bare-quickjs.ts";

const port = parentPort;
if (port === null) throw new Error("The baseline must be started as a worker thread");

const engine = await bareQuickjs((json) => port.postMessage({ call: json }));

port.on(
  "message",
  async (message: { code: string; contextJson: string } | { readonly answer: string }) => {
    let result: string | undefined;
    if ("answer" in message) {
      result = engine.answer(message.answer);
    } else {
      await engine.reset();
      result = engine.start(message.code, message.contextJson);
    }
    if (result !== undefined) port.postMessage({ result });
  },
);
port.postMessage({ result: "ready" });
