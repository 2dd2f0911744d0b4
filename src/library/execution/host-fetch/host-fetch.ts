/** `host.fetch` of a library: whether a skill may ask, and then the client that does. */
import type { HostCallReply } from "../../../sandbox/sandbox.ts";
import { checkOrigin } from "./fetch-call.ts";
import type { FetchCall } from "./fetch-call.ts";
import { failureReply } from "./fetch-failure.ts";
import type { FetchClient } from "./fetch-client.ts";
import type { FetchSettings } from "./fetch-settings.ts";
import { targetUrl } from "./target-url.ts";

export interface HostFetch {
  /** Never rejects: every failure is a reply. */
  answer(call: FetchCall): Promise<HostCallReply>;
  /** Closes every connection; fetches under way end with their runs. */
  close(): Promise<void>;
}

export function hostFetch(settings: FetchSettings): HostFetch {
  let client: Promise<FetchClient> | undefined;

  // Most libraries lend no network, and Node's modules for it are slow to load.
  async function start(): Promise<FetchClient> {
    const { fetchClient } = await import("./fetch-client.ts");
    return fetchClient(settings);
  }

  return {
    async answer(call) {
      try {
        const url = targetUrl(call.url);
        checkOrigin(url, call);
        const { fetch } = await (client ??= start());
        return { ok: true, value: await fetch(url, call) };
      } catch (error) {
        return failureReply(error);
      }
    },
    async close() {
      (await client?.catch(() => undefined))?.close();
    },
  };
}
