import type { Embedder, HttpEmbedderOptions } from "../../index.ts";
import { UsageError } from "../failures/usage-error.ts";

const VARIABLES = ["URL", "MODEL", "API_KEY", "DIMENSIONS"] as const;

/** What the environment says of the embedder. */
export type NamedEmbedder =
  | { readonly kind: "default" }
  | { readonly kind: "none" }
  | { readonly kind: "http"; readonly options: HttpEmbedderOptions };

/**
 * The embedder that `REPERTOIRE_EMBEDDER_URL`, `_MODEL`, `_API_KEY` and `_DIMENSIONS` ask for; the
 * URL `none` or `false` asks for none.
 *
 * @throws {UsageError} when one is missing, or the dimensions are no positive integer
 */
export function namedEmbedder(environment: NodeJS.ProcessEnv): NamedEmbedder {
  const [url, model, apiKey, dimensions] = VARIABLES.map(
    (name) => environment[`REPERTOIRE_EMBEDDER_${name}`] || undefined,
  );
  if (url === "none" || url === "false") return { kind: "none" };
  if (url === undefined && model === undefined) return { kind: "default" };
  if (url === undefined || model === undefined) {
    throw new UsageError(
      "Expected REPERTOIRE_EMBEDDER_URL and REPERTOIRE_EMBEDDER_MODEL to be set together, or neither",
    );
  }
  if (dimensions !== undefined && !/^[1-9]\d{0,5}$/.test(dimensions)) {
    throw new UsageError(
      `Expected REPERTOIRE_EMBEDDER_DIMENSIONS to be a positive integer, got "${dimensions}"`,
    );
  }
  return {
    kind: "http",
    options: {
      url,
      model,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(dimensions === undefined ? {} : { dimensions: Number(dimensions) }),
    },
  };
}

/**
 * The same as options of `openLibrary`. An endpoint that is out of reach stops no command: the
 * bundled embedder stands in for this one, and `note` is told so.
 */
export async function embedderFromEnvironment(
  environment: NodeJS.ProcessEnv,
  note: (text: string) => void,
): Promise<{ readonly embedder?: Embedder | false }> {
  const named = namedEmbedder(environment);
  if (named.kind === "default") return {};
  if (named.kind === "none") return { embedder: false };
  const { httpEmbedder, RepertoireError } = await import("../../index.ts");
  // A person waits for the first answer; what is slow or down for now is tried again later.
  const impatient = named.options.dimensions === undefined ? { retries: 0, timeoutMs: 5000 } : {};
  try {
    const { dimensions } = await httpEmbedder({ ...named.options, ...impatient });
    return { embedder: await httpEmbedder({ ...named.options, dimensions }) };
  } catch (error) {
    if (!(error instanceof RepertoireError && error.code === "EMBEDDER_UNAVAILABLE")) throw error;
    note(
      `warning: ${error.message}; the bundled embedder is used this time (REPERTOIRE_EMBEDDER_DIMENSIONS makes asking unnecessary)`,
    );
    return {};
  }
}
