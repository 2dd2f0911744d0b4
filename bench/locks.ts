/**
 * What locks cost: inside one process beside other packages, and as leases in SQLite beside a bare
 * row, alone and between processes.
 *
 *     REPERTOIRE_BENCH_MODULES=<node_modules> node bench/locks.ts [in-process | leases]
 *
 * Cases take turns for several rounds. Trust the ratios more than the times.
 */
import { availableParallelism, cpus, totalmem } from "node:os";
import { benchInProcess } from "./locks/in-process.ts";
import { benchLeases } from "./locks/leases.ts";

const only = process.argv[2];

console.log(
  `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}`,
);
if (only !== "leases") await benchInProcess();
if (only !== "in-process") await benchLeases();
