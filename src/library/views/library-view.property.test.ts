/** Views against a model, while several connections write. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { RepertoireError } from "../../base/errors.ts";
import type { SkillDraft, SkillStatus } from "../../skill/skill.ts";
import type { LibraryView } from "./library-view.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

const IDS = ["a", "b", "c", "d", "e"] as const;

interface State {
  readonly version: number;
  readonly status: SkillStatus;
  readonly word: string;
}

interface ChangeOf {
  readonly revision: number;
  readonly version: number;
  readonly status: SkillStatus;
}

type Operation =
  | { readonly kind: "write" | "remove"; readonly id: string }
  | { readonly kind: "rollback"; readonly id: string; readonly version: number }
  | { readonly kind: "status"; readonly id: string; readonly status: SkillStatus };

const id = fc.constantFrom(...IDS);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), id }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("rollback" as const),
      id,
      version: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("status" as const),
      id,
      status: fc.constantFrom<SkillStatus>("active", "deprecated", "quarantined"),
    }),
  },
);

/** What every revision made of its skill, and every word that was ever written. */
class Model {
  readonly #changes: { revision: number; id: string; state: State | undefined }[] = [];
  readonly words: string[] = [];

  note(revision: number, id: string, state: State | undefined): void {
    if (this.#changes.some((each) => each.revision === revision)) return;
    this.#changes.push({ revision, id, state });
  }

  nextWord(): string {
    // Letters alone, so that no word is split, and no two have a stem in common.
    const word = `q${String(this.words.length).replaceAll(/\d/g, (digit) => "bcdfghjklm"[Number(digit)]!)}z`;
    this.words.push(word);
    return word;
  }

  at(revision: number): ReadonlyMap<string, State> {
    const states = new Map<string, State>();
    const until = this.#changes.filter((each) => each.revision <= revision);
    for (const each of until.toSorted((a, b) => a.revision - b.revision)) {
      if (each.state === undefined) states.delete(each.id);
      else states.set(each.id, each.state);
    }
    return states;
  }

  versionsAt(revision: number, skillId: string): number {
    return this.#changes
      .filter((each) => each.id === skillId && each.revision <= revision)
      .reduce((newest, { state }) => Math.max(newest, state?.version ?? 0), 0);
  }
}

function draftFor(skillId: string, word: string): SkillDraft {
  return {
    id: skillId,
    name: `Skill ${word}`,
    description: `A common skill that says ${word}`,
    category: word,
    tags: [`tag-${word}`],
    code: `export default async (context, host) => context.nested ? host.skill(context.nested, {}) : "${word}";`,
    capabilities: { skills: [...IDS] },
  };
}

async function perform(library: SkillLibrary, model: Model, each: Operation): Promise<void> {
  const { id: skillId } = each;
  const noteVersion = async ({ revision, version, status }: ChangeOf): Promise<void> => {
    // Versions are immutable, so what this one says can be read at any time.
    const { category: word } = (await library.get(skillId, { version }))!;
    model.note(revision, skillId, { version, status, word });
  };
  try {
    if (each.kind === "write") {
      const draft = draftFor(skillId, model.nextWord());
      await noteVersion(await library.add(draft, { expectedVersion: "any", validate: false }));
    } else if (each.kind === "rollback") {
      const added = await library.rollback(skillId, each.version);
      if (added.created) await noteVersion(added);
    } else if (each.kind === "status") {
      await noteVersion(await library.setStatus(skillId, each.status));
    } else model.note((await library.remove(skillId)).revision, skillId, undefined);
  } catch (error) {
    if (!(error instanceof RepertoireError)) throw error;
    expect(["SKILL_NOT_FOUND", "INVALID_INPUT"]).toContain(error.code);
  }
}

async function check(view: LibraryView, model: Model): Promise<void> {
  const states = model.at(view.revision);
  const sorted = [...states].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const skillId of IDS) {
    const state = states.get(skillId);
    const found = await view.get(skillId);
    expect(found && { version: found.version, status: found.status, word: found.category }).toEqual(
      state,
    );
    const history = await view.getVersionHistory(skillId).catch(() => []);
    expect(history.map(({ version }) => version)).toEqual(
      Array.from({ length: model.versionsAt(view.revision, skillId) }, (_, n) => n + 1),
    );
    if (state !== undefined) expect(history[state.version - 1]?.status).toBe(state.status);
  }
  const brief = ({
    id: each,
    version,
    status,
    category,
  }: Awaited<ReturnType<LibraryView["list"]>>[0]) =>
    [each, { version, status, word: category }] as const;
  expect((await view.list()).map(brief)).toEqual(sorted);
  const names = await view.list({ orderBy: "name" });
  expect(names.map(({ name }) => name)).toEqual(
    sorted.map(([, { word }]) => `Skill ${word}`).toSorted(),
  );
  const paged: (readonly [string, State])[] = [];
  for (;;) {
    const after = paged.at(-1)?.[0];
    const page = await view.list({ limit: 2, ...(after === undefined ? {} : { after }) });
    paged.push(...page.map(brief));
    if (page.length < 2) break;
  }
  expect(paged).toEqual(sorted);
  const stopped = await view.list({ status: "deprecated" });
  expect(stopped.map(brief)).toEqual(sorted.filter(([, { status }]) => status === "deprecated"));
  const active = sorted.filter(([, { status }]) => status === "active");
  const { matches, revision } = await view.search("common", { limit: 100 });
  expect(revision).toBe(view.revision);
  expect(matches.map(brief).toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual(active);
  // Words of the past are found, and those of the future are not.
  for (const word of model.words.slice(-4)) {
    const found = await view.search(word, { limit: 100 });
    expect(found.matches.map(brief)).toEqual(active.filter(([, state]) => state.word === word));
  }
  for (const [, { word }] of active.slice(0, 2)) {
    const found = await view.search("common", { tags: [`tag-${word}`], limit: 100 });
    expect(found.matches.map(brief)).toEqual(active.filter(([, state]) => state.word === word));
  }
}

test("every read of a view is of its revision, whoever writes meanwhile", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(operation, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 6 }),
      fc.array(fc.nat(), { minLength: 2, maxLength: 2 }),
      async (rounds, picks) => {
        await using fixture = await temporaryLibrary({ embedder: false });
        await using second = await openLibrary({
          path: fixture.path,
          embedder: false,
          sandbox: { workers: 1 },
        });
        const writers = [fixture.library, second];
        const model = new Model();
        const views = [await second.at()];
        for (const round of rounds) {
          const writes = round.map((each, n) => perform(writers[n % 2]!, model, each));
          await Promise.all([...writes, ...views.slice(-1).map((view) => check(view, model))]);
          views.push(await writers[views.length % 2]!.at());
        }
        const newest = (await fixture.library.at()).revision;
        for (const pick of picks) views.push(await second.at(pick % (newest + 1)));
        for (const view of views) await check(view, model);
      },
    ),
    { numRuns: 6, interruptAfterTimeLimit: 60_000 },
  );
}, 180_000);
