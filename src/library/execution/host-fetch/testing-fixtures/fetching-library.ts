import { draftOf } from "../../../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../../../test/support/temporary-library.ts";
import type { Execution } from "../../../../skill/execution.ts";
import type { ExecuteOptions } from "../../execute-options.ts";
import type { LibraryOptions } from "../../../options.ts";
import type { FetchPolicy } from "../fetch-policy.ts";

export interface FetchingLibrary extends AsyncDisposable {
  readonly library: TemporaryLibrary["library"];
  /** Adds a skill with this body that declares these origins (default: those of the policy), and runs it. */
  run(
    body: string,
    options?: ExecuteOptions & { readonly fetch?: readonly string[] },
  ): Promise<Execution>;
  /** What a skill gets that fetches, or what it catches: name, code and message. */
  fetch(url: string, init?: object): Promise<unknown>;
}

/** A library whose skills may fetch what the policy says; every name is 127.0.0.1, which is allowed. */
export async function fetchingLibrary(
  policy: FetchPolicy,
  more: Omit<LibraryOptions, "path" | "policy"> = {},
): Promise<FetchingLibrary> {
  const temporary = await temporaryLibrary({
    embedder: false,
    ...more,
    policy: {
      fetch: { allowPrivateAddresses: ["127.0.0.1"], resolve: () => ["127.0.0.1"], ...policy },
    },
  });
  const { library } = temporary;
  let added = 0;

  async function run(
    body: string,
    { fetch = policy.origins, ...options }: Parameters<FetchingLibrary["run"]>[1] = {},
  ): Promise<Execution> {
    const id = `fetcher-${++added}`;
    await library.add(draftOf(id, body, { capabilities: { fetch } }), { validate: false });
    return library.execute(id, {}, options);
  }

  return {
    library,
    run,
    async fetch(url, init) {
      const asked = `${JSON.stringify(url)}, ${JSON.stringify(init)}`;
      const execution = await run(
        `try { return await host.fetch(${asked}); } catch ({ name, code, message }) { return { name, code, message }; }`,
      );
      return execution.unwrap();
    },
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}
