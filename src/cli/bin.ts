#!/usr/bin/env node
/**
 * The entry of the program. Whatever stands here must parse and run on a Node far older than the
 * one required, so that such a Node can say what is wrong: no top-level await, no static import of
 * a file of ours, no recent syntax.
 */
import process from "node:process";

const version = process.versions.node.split(".");
const major = Number(version[0]);
const minor = Number(version[1]);

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    "error: repertoire needs Node 22.19 or newer, and this is Node " +
      process.versions.node +
      "; get a newer one from https://nodejs.org\n",
  );
  process.exitCode = 1;
} else {
  if (major === 22) hideSqliteWarning();
  import("./main.ts").then(
    function (program) {
      return program.main(process.argv.slice(2));
    },
    function (error) {
      process.stderr.write("error: repertoire could not start: " + String(error) + "\n");
      process.exitCode = 1;
    },
  );
}

/** Node 22 calls `node:sqlite` experimental on every start; nothing about it helps a user of this program. */
function hideSqliteWarning() {
  const emit = process.emitWarning.bind(process) as (...given: unknown[]) => void;
  process.emitWarning = function (warning: unknown, ...rest: unknown[]) {
    if (String(warning).indexOf("SQLite is an experimental feature") === -1) emit(warning, ...rest);
  };
}
