/** Real servers on loopback addresses, and libraries that may reach them under names of their own. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { createServer as createRawServer } from "node:net";

const pem = (name: string): string =>
  readFileSync(new URL(`./${name}.pem`, import.meta.url), "utf8");

/** Self-signed, for service.test, other.test and 127.0.0.1, valid until 2120. */
export const CERTIFICATE = pem("certificate");

export interface LocalServer extends AsyncDisposable {
  readonly port: number;
  /** Method and path of each request, in order. */
  readonly requests: readonly string[];
  /** Connections made to it so far, and those that are open. */
  readonly connections: { readonly made: number; readonly open: number };
  /** Resolves once no connection is open. */
  idle(): Promise<void>;
}

interface ServerOptions {
  /** Loopback address to listen on (default: 127.0.0.1). */
  readonly host?: string;
  /** Port to listen on (default: any that is free). */
  readonly port?: number;
}

/** A server that speaks HTTP, in the clear. */
export function httpServer(
  listener: RequestListener,
  options?: ServerOptions,
): Promise<LocalServer> {
  const requests: string[] = [];
  return start(createServer(noting(requests, listener)), requests, options);
}

/** A server that speaks HTTPS, with a certificate that only `CERTIFICATE` vouches for. */
export function httpsServer(
  listener: RequestListener,
  options?: ServerOptions,
): Promise<LocalServer> {
  const requests: string[] = [];
  const identity = { key: pem("key"), cert: CERTIFICATE };
  return start(createSecureServer(identity, noting(requests, listener)), requests, options);
}

/** A server that does as it pleases with each connection, once it was asked something. */
export function rawServer(onRequest: (socket: Socket, text: string) => void): Promise<LocalServer> {
  const requests: string[] = [];
  const server = createRawServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      requests.push(chunk.toString("latin1").split(" HTTP/")[0] ?? "");
      onRequest(socket, chunk.toString("latin1"));
    });
  });
  return start(server, requests);
}

function noting(requests: string[], listener: RequestListener): RequestListener {
  return (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    listener(request, response);
  };
}

async function start(
  server: Server | ReturnType<typeof createRawServer>,
  requests: readonly string[],
  { host = "127.0.0.1", port = 0 }: ServerOptions = {},
): Promise<LocalServer> {
  const open = new Set<Socket>();
  let made = 0;
  let waiting: (() => void)[] = [];
  server.on("connection", (socket: Socket) => {
    made++;
    open.add(socket);
    socket.on("close", () => {
      open.delete(socket);
      if (open.size > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    get connections() {
      return { made, open: open.size };
    },
    idle: () =>
      open.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
