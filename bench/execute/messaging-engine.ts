/** An engine behind messages: one run at a time, host calls answered with their own arguments. */
import type { OpenEngine } from "./engine.ts";

export type FromEngine = { readonly result: string } | { readonly call: string };

/** Waits until it is ready; `send` posts to it and `listen` hears what it posts. */
export async function messagingEngine(
  send: (message: object) => void,
  listen: (hear: (message: FromEngine) => void) => void,
  close: () => Promise<void> | void,
): Promise<OpenEngine> {
  let done: (result: string) => void = () => undefined;
  const next = (): Promise<string> =>
    new Promise((resolve) => {
      done = resolve;
    });
  const ready = next();
  listen((message) => {
    if ("call" in message) send({ answer: message.call });
    else done(message.result);
  });
  await ready;
  return {
    run({ code, contextJson }) {
      const result = next();
      send({ code, contextJson });
      return result;
    },
    close,
  };
}
