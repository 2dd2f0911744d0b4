/** A server that speaks `/v1/embeddings`, and misbehaves as it is told to. */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hashedWords } from "./hashed-words.ts";

export interface EmbeddingsRequest {
  readonly model: string;
  readonly input: readonly string[];
  readonly encoding_format: string;
  readonly dimensions?: number;
}

/** Answers a request in place of the server, or gives `false` so that it answers as it should. */
export type Misbehave = (
  request: EmbeddingsRequest,
  response: ServerResponse,
) => boolean | undefined | void;

export interface EmbeddingsServer {
  /** Ends in `/v1`. */
  readonly url: string;
  readonly requests: (EmbeddingsRequest & {
    readonly headers: IncomingMessage["headers"];
    readonly path: string | undefined;
    readonly atMs: number;
  })[];
  /** How many requests were answered at once at most. */
  readonly mostAtOnce: () => number;
  misbehave: Misbehave;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function embeddingsServer(dimensions = 32): Promise<EmbeddingsServer> {
  let open = 0;
  let most = 0;
  const server = createServer((incoming, response) => {
    open += 1;
    most = Math.max(most, open);
    response.on("close", () => {
      open -= 1;
    });
    void readText(incoming).then((text) => {
      const request = JSON.parse(text) as EmbeddingsRequest;
      const { headers, url: path } = incoming;
      fixture.requests.push({ ...request, headers, path, atMs: performance.now() });
      if (fixture.misbehave(request, response) === true) return;
      const data = request.input.map((input, index) => ({
        object: "embedding",
        index,
        embedding: encoded(hashedWords(input, dimensions), request.encoding_format),
      }));
      sendJson(response, { object: "list", data, model: request.model });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const fixture: EmbeddingsServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: [],
    mostAtOnce: () => most,
    misbehave: () => false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  return fixture;
}

export function sendJson(response: ServerResponse, value: unknown): true {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
  return true;
}

export function sendStatus(
  response: ServerResponse,
  status: number,
  body = "",
  headers: Readonly<Record<string, string>> = {},
): true {
  response.writeHead(status, headers).end(body);
  return true;
}

function encoded(vector: readonly number[], format: string): readonly number[] | string {
  if (format !== "base64") return vector;
  return Buffer.from(Float32Array.from(vector).buffer).toString("base64");
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
