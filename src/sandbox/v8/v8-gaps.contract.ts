/** Where V8 does not do what the contract has QuickJS do; `docs/skills.md` says the same to users. */
import type { AttackGaps } from "../contract/attacks/attacks.contract.ts";
import type { ContractGap } from "../sandbox.contract.ts";

const WORDS = "errors that the engine makes itself have V8's own words";
const PLACES = "V8 shows the place of the failing part, QuickJS that of its expression";
const REJECTIONS = "of rejections in one stretch of execution the package tells the first";
const NEIGHBOURS = "a process has one run, so no other run is lost with it or repeated";

export const V8_GAPS: readonly ContractGap[] = [
  {
    test: "an error has line, column, frames and the offending line",
    reason: `${WORDS}; ${PLACES}`,
  },
  { test: "columns are exact on the first line and after wide characters", reason: PLACES },
  { test: "positions hold for TypeScript whose types were blanked out", reason: PLACES },
  { test: "a syntax error has line and column", reason: WORDS },
  {
    test: "imports fail, static and dynamic",
    reason: "a dynamic import fails with the message Not supported, without the name of the module",
  },
  {
    test: "one allocation above the limit fails and can be caught",
    reason: `${WORDS}: Array buffer allocation failed`,
  },
  {
    test: "a native join ends at its deadline",
    reason: "V8 refuses a text that long at once, with a RangeError",
  },
  {
    test: "a native join stops when its signal aborts",
    reason: "V8 refuses a text that long at once, with a RangeError",
    byChance: true,
  },
  {
    test: "a native sort ends at its deadline",
    reason: "V8 first takes memory for all elements: the run ends as out-of-memory",
    byChance: true,
  },
  {
    test: "a native sort stops when its signal aborts",
    reason: "V8 first takes memory for all elements: the run ends as out-of-memory",
    byChance: true,
  },
  { test: "rejections nobody handled, with the first errors", reason: REJECTIONS },
  { test: "many rejections are counted, and few are named, shortly", reason: REJECTIONS },
  { test: "runs beside a killed one end well, and their effects happen once", reason: NEIGHBOURS },
  { test: "a repeated run gets its answers in the order it first got them", reason: NEIGHBOURS },
];

const SLOW_MEMORY =
  "near a small limit V8 collects garbage for seconds before it gives up: the run may end as timeout first";

/** Attacks that end otherwise, contained all the same. */
export const V8_ATTACK_GAPS: AttackGaps = {
  "join of an immense array": "V8 joins holes at once: the run ends as ok",
  "concat of immense spreadables": "V8 copies holes at once: the run ends as ok",
  "JSON nested deeply, read": "V8 reads any depth: the run ends as ok",
  "JSON nested deeply, written": "V8 writes any depth that fits the stack of its thread, slowly",
  "a context that fills the heap": "an isolate has at least 8 MiB: the run ends as ok",
  "a result of a million empty arrays": SLOW_MEMORY,
  classes: SLOW_MEMORY,
  "functions made of text": SLOW_MEMORY,
  "errors with stacks": SLOW_MEMORY,
};
