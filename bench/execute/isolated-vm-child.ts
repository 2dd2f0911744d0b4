/**
 * `isolated-vm` in a process of its own, where it belongs. The argument says whether each run gets
 * a fresh isolate or a fresh context in one isolate; each run answers its parent with one message.
 */
import ivm from "isolated-vm";

const MEMORY_MB = 32;
const fresh = process.argv[2] === "isolate";
const shared = new ivm.Isolate({ memoryLimit: MEMORY_MB });

interface Request {
  readonly code: string;
  readonly contextJson: string;
}

let answer: (json: string) => void = () => undefined;

async function run({ code, contextJson }: Request): Promise<string> {
  const isolate = fresh ? new ivm.Isolate({ memoryLimit: MEMORY_MB }) : shared;
  const context = await isolate.createContext();
  try {
    const hostCall = new ivm.Reference(
      (json: string) =>
        new Promise<string>((resolve) => {
          answer = resolve;
          process.send?.({ call: json });
        }),
    );
    const source = `
      const host = { tool: (name, args) => $0.apply(undefined, [JSON.stringify(args)], { result: { promise: true, copy: true } }).then(JSON.parse) };
      return (async () => JSON.stringify(await (${code})(JSON.parse($1), host)))();`;
    const result: unknown = await context.evalClosure(source, [hostCall, contextJson], {
      result: { promise: true, copy: true },
    });
    return String(result);
  } finally {
    context.release();
    if (fresh) isolate.dispose();
  }
}

process.on("message", (message: Request | { readonly answer: string }) => {
  if ("answer" in message) return answer(message.answer);
  void run(message).then((result) => process.send?.({ result }));
});
process.send?.({ result: "ready" });
