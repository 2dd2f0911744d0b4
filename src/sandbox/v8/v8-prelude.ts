/**
 * What a V8 realm needs so that programs find there what they find in QuickJS, as guest source text.
 *
 * It makes the engine's clocks virtual, takes away what differs between machines, and closes the
 * engine's hook on stack traces; then the prelude both engines share does the rest. Like that one it
 * is not the security boundary, keeps to its rules for editing, and hands nothing internal out.
 */
import { GUEST_PRELUDE, PRELUDE_FILE } from "../guest/guest-prelude.ts";
import { COMPATIBILITY } from "./v8-compatibility.ts";

/** Operation beyond those of `guest-limits.ts`: the program returned or threw. */
export const SETTLED_OPERATION = 100;

/**
 * What `conclude` gives: how many lines the program dropped by itself, one of these, and after it
 * the result or a report.
 */
export const CONCLUSION = { returned: "=", threw: "!", oversize: ">" } as const;

/**
 * The module that imports the program. Its own export exists only after the program was loaded,
 * which nothing else tells from outside.
 */
export const LOADER = `import * as program from "program"; export { program }; export const loaded = true;`;

/** The functions of the prelude that the child calls; they take and give only texts and numbers. */
export interface V8PreludeFunctions {
  begin: [now: number, maxTextLength: number, ...shared: (number | string)[]];
  run: [loader: object];
  settle: [callId: number, ok: number, json: string, now: number];
  conclude: [];
  concluded: [];
}

/** A function of the one host function. */
export const V8_PRELUDE = String.raw`
(function (hostFunction) {
"use strict";
let nowMs = 0, maxTextLength = 0;
${COMPATIBILITY}
function op(operation, name, text) {
  return hostFunction(operation, name, typeof text === "string" && text.length > maxTextLength ? undefined : text);
}
const guest = ${GUEST_PRELUDE.trim()}(op);
function reported(error) {
  try { return guest.report(error); } catch (unreadable) { return "{}"; }
}
let threw = false, settled, concluded = "";
async function drive(program) {
  // Awaited by the engine itself: nothing a program puts in the place of then is called for a promise.
  // A module that exports then is awaited like any other thenable, as import() would.
  try { settled = await guest.invoke(await program); } catch (error) { threw = true; settled = error; }
  hostFunction(${SETTLED_OPERATION}, "", "");
}
function conclusion() {
  try {
    if (threw) return "${CONCLUSION.threw}" + reported(settled);
    const text = guest.encode(settled);
    return text.length > maxTextLength ? "${CONCLUSION.oversize}" : "${CONCLUSION.returned}" + text;
  } catch (error) { return "${CONCLUSION.threw}" + reported(error); }
}
return {
  __proto__: null,
  begin(now, longest, ...shared) {
    nowMs = now;
    maxTextLength = longest;
    try { apply(guest.begin, guest, shared); } catch (error) { return reported(error); }
    return "";
  },
  run(loader) {
    // Reading an export of a module that was not loaded throws.
    try { if (loader.loaded !== true) return false; } catch (notLoaded) { return false; }
    drive(loader.program);
    return true;
  },
  settle(callId, ok, json, now) {
    if (now > nowMs) nowMs = now;
    guest.settle(callId, ok, json);
  },
  // Called once nothing is left to do, so that work nobody waited for comes before the result.
  conclude() {
    const ended = conclusion();
    concluded = guest.droppedLogLines() + ended;
    return concluded;
  },
  // What the engine reports of a rejection takes the place of what a call gave.
  concluded() { return concluded; },
};
})
`;

export { PRELUDE_FILE };
