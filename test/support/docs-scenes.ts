/**
 * What the fragments of code in `docs/` take for granted: the names they use and the skills that are
 * there. Each scene is source text, put before the fragment in a program of its own.
 */

const LIBRARY = `
import { mkdtempSync as newDirectory } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLibrary as openScene, VersionConflictError as Conflict } from "repertoire";
import type { SkillDraft } from "repertoire";

const library = await openScene({
  path: newDirectory(join(tmpdir(), "docs-")),
  sandbox: { workers: 1 },
});
const signal = AbortSignal.timeout(600_000);
const skill = (id: string, description: string, fields: Partial<SkillDraft> = {}): SkillDraft => ({
  id,
  name: id.replaceAll("_", " "),
  description,
  code: "export default (context) => context;",
  ...fields,
});
const slugify = (note: string): SkillDraft =>
  skill("slugify", "Make a slug of a title", { metadata: { note } });
async function addVersions(count: number): Promise<void> {
  for (let n = 1; n <= count; n++)
    await library.add(slugify("v" + n), { expectedVersion: "any" });
}
`;

interface Scene {
  readonly document: string;
  /** Text that the fragments have for which it is meant (default: any fragment of the document). */
  readonly holds?: string;
  readonly source: string;
}

/** The first that fits is taken. */
const SCENES: readonly Scene[] = [
  {
    document: "locks.md",
    source: `
await addVersions(3);
const draft = slugify("new");
const parts = [1, 2];
async function work(part: number, options: { signal: AbortSignal }): Promise<void> {
  options.signal.throwIfAborted();
}
async function improve(from: SkillDraft, options: { signal: AbortSignal }): Promise<SkillDraft> {
  options.signal.throwIfAborted();
  return { ...from, description: "Better" };
}
await using lease = await library.locks.acquire("a-lock");
`,
  },
  {
    document: "versions.md",
    holds: "error.expected;",
    source: `
await addVersions(3);
const mine = slugify("mine");
await library.add(slugify("theirs"), { expectedVersion: 3 });
`,
  },
  {
    document: "versions.md",
    holds: "mergeDrafts",
    source: `
await addVersions(3);
const id = "slugify";
const mine: SkillDraft = { ...slugify("v3"), tags: ["mine"] };
await library.add({ ...slugify("v3"), tags: ["theirs"] }, { expectedVersion: 3 });
const error = await library.add(mine, { expectedVersion: 3 }).then(
  () => { throw new Error("no conflict"); },
  (thrown: Conflict) => thrown,
);
`,
  },
  { document: "versions.md", source: "await addVersions(3);" },
  {
    document: "reliability.md",
    source: `
import type { BackupProgress } from "repertoire";
const force = false;
const onProgress = ({ fraction }: BackupProgress): void => void fraction;
await addVersions(1);
`,
  },
  {
    document: "replay.md",
    source: `
await addVersions(4);
const { runId } = await library.execute("slugify", {});
`,
  },
  {
    document: "search.md",
    source: `
const context = {};
await library.add(skill("resize_image", "Shrink a photo"));
await library.add(skill("age_of_person", "The age of a person"));
`,
  },
  {
    document: "skills.md",
    source: `
import type { JsonValue } from "repertoire";
const inbox = (args: JsonValue): JsonValue => args;
const send = (args: JsonValue, _: AbortSignal): JsonValue => args;
`,
  },
  {
    document: "testing.md",
    holds: "contractCases(",
    source: `
import { sqliteSkillStore } from "repertoire/sqlite";
import type { SkillStorePlace } from "repertoire/testing";
const openPlace = async (): Promise<SkillStorePlace> => {
  const path = join(newDirectory(join(tmpdir(), "docs-")), "skills.sqlite");
  return { connect: (clock) => sqliteSkillStore({ path, clock }), dispose: async () => {} };
};
const test = (name: string, run: () => Promise<void>): void => void [name, run];
`,
  },
  {
    document: "testing.md",
    holds: "historyRecorder(",
    source: `const path = newDirectory(join(tmpdir(), "docs-"));`,
  },
];

const IMPORT = /^import [^;]*;$/gm;

/** A whole program of a fragment: imports first, then the scene, then the fragment in a block of its own. */
export function programOf(
  document: string,
  fragment: string,
  exported: Readonly<Record<string, readonly string[]>>,
): string {
  const scene = SCENES.find(
    (each) => each.document === document && fragment.includes(each.holds ?? ""),
  );
  const before = `${LIBRARY}${scene?.source ?? ""}`;
  const own = fragment.match(IMPORT) ?? [];
  const missing = Object.entries(exported).map(([module, names]) => {
    const used = names.filter(
      (name) =>
        new RegExp(`\\b${name}\\b`).test(fragment.replaceAll(IMPORT, "")) &&
        !own.some((line) => new RegExp(`\\b${name}\\b`).test(line)),
    );
    return used.length === 0 ? "" : `import { ${used.join(", ")} } from "${module}";`;
  });
  return [
    ...own,
    ...missing,
    ...(before.match(IMPORT) ?? []),
    before.replaceAll(IMPORT, ""),
    "{",
    fragment.replaceAll(IMPORT, ""),
    "}",
    "await library.close();",
    "export {};",
  ].join("\n");
}
