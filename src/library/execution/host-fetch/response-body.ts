/** Reads a body up to a limit that counts what the skill gets: decoded bytes. */
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream";
import type { Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { FetchFailure } from "./fetch-failure.ts";
import { networkFailure } from "./network-failure.ts";

/** What is asked for in `accept-encoding`. */
export const ACCEPTED_CODINGS = "gzip, deflate, br";

const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ["gzip", () => createGunzip()],
  ["x-gzip", () => createGunzip()],
  ["deflate", () => createInflate()],
  ["br", () => createBrotliDecompress()],
]);

/**
 * @throws {FetchFailure} when it is larger, incomplete or damaged, or the signal's reason once it is
 *   aborted; the connection is closed then
 */
export async function responseBody(
  response: IncomingMessage,
  url: URL,
  method: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    if (hasNoBody(response, method)) {
      response.resume();
      return Buffer.alloc(0);
    }
    return await readUpTo(maxBytes, decoded(response, url), url);
  } catch (error) {
    response.destroy();
    throw signal.aborted ? signal.reason : networkFailure(error, url);
  }
}

function hasNoBody({ statusCode, headers }: IncomingMessage, method: string): boolean {
  const isEmpty = statusCode === 204 || statusCode === 304 || headers["content-length"] === "0";
  return method === "HEAD" || isEmpty;
}

function decoded(response: IncomingMessage, url: URL): Readable {
  const coding = (response.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (coding === "identity" || coding === "") return response;
  const decoder = DECODERS.get(coding)?.();
  if (decoder === undefined)
    throw new FetchFailure(
      "FETCH_PROTOCOL",
      `${url.origin} answered in a coding that was not asked for; ${ACCEPTED_CODINGS} are understood`,
    );
  // Its error reaches whoever reads the decoder.
  return pipeline(response, decoder, () => undefined);
}

async function readUpTo(maxBytes: number, body: Readable, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes)
      throw new FetchFailure(
        "FETCH_RESPONSE_TOO_LARGE",
        `The body of ${url.origin} has more than the ${maxBytes} bytes that are allowed; ask for less, or raise \`policy.fetch.maxResponseBytes\` and \`limits.resultBytes\` of the host`,
      );
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, bytes);
}
