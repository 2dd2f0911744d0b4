/** Writes versions of one skill until it is killed, telling how many milliseconds each took. */
import { openLibrary } from "../../src/library/open-library.ts";

const [path = "", id = "writer"] = process.argv.slice(2);
const library = await openLibrary({ path, embedder: false, sandbox: { workers: 1 } });
for (let count = 0; ; count++) {
  const startedMs = performance.now();
  const draft = { id, name: id, description: "Written again", instructions: `${count}` };
  await library.add(draft, { expectedVersion: "any", validate: false });
  process.send?.(performance.now() - startedMs);
}
