/**
 * What goes wrong when many agents use one thing at once: this library beside others.
 *
 * Run: `REPERTOIRE_BENCH_MODULES=<node_modules> node bench/peers-stress.ts [stores | caches] [n]`;
 * `n` is the rounds of the stores (default: 2) or the milliseconds of each cache (default: 2,000).
 *
 * `stores`: agents count up in a few shared skills, in one process and in several; see
 * `stress/stores.ts`. `caches`: stale reads of caches; see `stress/caches.ts`.
 */
import { availableParallelism, cpus } from "node:os";
import { stressCaches } from "./stress/caches.ts";
import { stressStores } from "./stress/stores.ts";

const [which, count] = process.argv.slice(2);
console.log(
  `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`,
);
if (which !== "caches") await stressStores(Number(count ?? 2));
if (which !== "stores") await stressCaches(Number(count ?? 2000));
