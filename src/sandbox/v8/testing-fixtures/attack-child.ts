/**
 * A V8 process that loads its engine, is hardened as any other, and then attacks from its main
 * thread. It writes what became of it as one JSON.
 */
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { hardenChild } from "../../hardening/harden-child.ts";
import { probeJavaScript } from "../../hardening/probe-javascript.ts";
import { attackFromJavaScript } from "../../process/testing-fixtures/attack-thread.ts";
import { readSetup } from "../child-setup.ts";

const setup = readSetup(process.argv[2]);
createRequire(import.meta.url)(setup.addonPath);
const isolation = await hardenChild(setup, probeJavaScript);
writeSync(1, JSON.stringify({ isolation, attacks: await attackFromJavaScript() }));
process.exit(0);
