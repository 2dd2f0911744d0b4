/**
 * A process with some of the agents, from "go" on; it closes the store and ends at "close".
 * Arguments: the place of the contender, the directory, and the names of the agents.
 */
import { workAsAgents } from "./agents.ts";
import { CONTENDERS } from "./contenders.ts";

const [at = "", directory = "", ...names] = process.argv.slice(2);
const next = (): Promise<unknown> => new Promise((resolve) => process.once("message", resolve));

const store = await CONTENDERS[Number(at)]!.open(directory);
const go = next();
process.send?.("ready");
await go;
const log = await workAsAgents(store, names);
const close = next();
process.send?.(log);
await close;
await store.close();
process.exit();
