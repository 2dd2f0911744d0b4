/**
 * Connections of one library. One that is kept open is used again only by the same skill, for the
 * same origin, at the same checked addresses: what resolves differently today connects anew, and no
 * skill meets what another one left on a connection.
 */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { createSecureContext, getCACertificates } from "node:tls";
import type { SecureContext } from "node:tls";
import { FETCH_LIMITS } from "./fetch-policy.ts";

export interface ConnectionPool {
  /** @param reuse whether a connection that was used before will do, and is kept afterwards */
  agentFor(protocol: string, reuse: boolean): HttpAgent;
  /** Whom to trust, when that is more than Node's own authorities. */
  readonly secureContext: SecureContext | undefined;
  /** Closes every connection. */
  close(): void;
}

/** What an agent is told besides Node's own options: which connections may stand for each other. */
export interface PoolName {
  readonly poolName: string;
}

export function connectionPool(ca: readonly string[]): ConnectionPool {
  const kept = {
    keepAlive: true,
    maxFreeSockets: FETCH_LIMITS.idleConnections,
    timeout: FETCH_LIMITS.idleConnectionMs,
  };
  const agents = {
    "http:": { reusing: named(new HttpAgent(kept)), single: named(new HttpAgent()) },
    "https:": { reusing: named(new HttpsAgent(kept)), single: named(new HttpsAgent()) },
  };
  return {
    agentFor(protocol, reuse) {
      const { reusing, single } = agents[protocol === "https:" ? "https:" : "http:"];
      return reuse ? reusing : single;
    },
    secureContext:
      ca.length === 0
        ? undefined
        : createSecureContext({ ca: [...getCACertificates("default"), ...ca] }),
    close() {
      for (const { reusing, single } of Object.values(agents)) {
        reusing.destroy();
        single.destroy();
      }
    },
  };
}

function named<Pool extends HttpAgent>(agent: Pool): Pool {
  agent.getName = (options) => (options as Partial<PoolName> | undefined)?.poolName ?? "";
  return agent;
}
