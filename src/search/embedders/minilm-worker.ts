/** The thread that runs the model of `miniLmEmbedder`: a text takes some 30 ms of computing. */
import { parentPort } from "node:worker_threads";
import type { FromMiniLm, ToMiniLm } from "./minilm-wire.ts";
import { ENGINE_PACKAGE, WEIGHTS_PACKAGE } from "./minilm-wire.ts";

/** What is used of the two packages. */
interface Engine {
  createEmbedder(options: { readonly model: unknown }): Promise<{
    readonly dimensions: number;
    embed(texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  }>;
}

const port = parentPort!;
const send = (message: FromMiniLm): void => port.postMessage(message);

try {
  const { createEmbedder } = (await import(ENGINE_PACKAGE)) as Engine;
  const { default: model } = (await import(WEIGHTS_PACKAGE)) as { readonly default: unknown };
  const embedder = await createEmbedder({ model });
  port.on("message", ({ call, texts }: ToMiniLm) => {
    embedder.embed(texts).then(
      (vectors) => send({ kind: "vectors", call, vectors }),
      (error: unknown) => send({ kind: "failed", call, message: String(error) }),
    );
  });
  send({ kind: "ready", dimensions: embedder.dimensions });
} catch (error) {
  send({ kind: "absent", message: error instanceof Error ? error.message : String(error) });
}
