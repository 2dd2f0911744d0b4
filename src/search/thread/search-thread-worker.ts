/** The thread that works on a search index. */
import { parentPort, workerData } from "node:worker_threads";
import { indexEngine, type IndexEngine } from "../index-engine.ts";
import { packRows } from "../found-rows.ts";
import { buffersOf, type MemoryCopy } from "../memory/memory-copy.ts";
import type { IndexQuery } from "../search-index.ts";
import {
  toWireFailure,
  type SearchReply,
  type SearchRequest,
  type SearchTask,
  type SearchThreadOptions,
  type WireIds,
  type WireQuery,
} from "./search-wire.ts";

const port = parentPort!;
const opening = indexEngine(workerData as SearchThreadOptions);
// Who asks hears of it; nobody may have asked yet.
opening.catch(() => undefined);
/** The last set of ids of each use. */
const last: { only?: ReadonlySet<string>; except?: ReadonlySet<string> } = {};

function idsOf(use: "only" | "except", { ids }: WireIds): ReadonlySet<string> {
  return (last[use] = ids ?? last[use]!);
}

function queryOf({ filter: { only, except, ...filter }, ...query }: WireQuery): IndexQuery {
  return {
    ...query,
    filter: {
      ...filter,
      ...(only === undefined ? {} : { only: idsOf("only", only) }),
      ...(except === undefined ? {} : { except: idsOf("except", except) }),
    },
  };
}

function perform(engine: IndexEngine, task: SearchTask): Promise<unknown> {
  switch (task.kind) {
    case "search":
      return engine.search(queryOf(task.query)).then(packRows);
    case "neighbours":
      return engine.neighbours(task.id, task.limit);
    case "apply":
      return engine.apply(task.update, task.told);
    case "save":
      return engine.save();
    case "copy":
      return engine.copy();
  }
}

async function answer({ call, task }: SearchRequest): Promise<void> {
  const reply = await opening
    .then((engine) => perform(engine, task))
    .then(
      (value) => ({ value }),
      (error: unknown) => ({ error: toWireFailure(error) }),
    );
  const { builds = 0, rejectedPacks = 0 } = (await opening.catch(() => undefined))?.held ?? {};
  port.postMessage(
    { call, ...reply, builds, rejectedPacks } satisfies SearchReply,
    task.kind === "copy" && "value" in reply ? buffersOf(reply.value as MemoryCopy) : [],
  );
}

// Not one after the other: what is prepared for an update leaves turns to searches, and every
// transaction is one turn.
port.on("message", (request: SearchRequest) => void answer(request));
