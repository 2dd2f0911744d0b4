/**
 * Keeps the search index in step with the store: reads what changed since the revision the index
 * stands at, embeds it, and applies it. The index is derived, so losing it loses nothing. What can
 * not be embedded at once is applied all the same, and left to the backlog.
 */
import { nextRound } from "../../base/loop-turns.ts";
import { systemClock, type Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json.ts";
import { AsyncRWLock } from "../../lock/rw-lock.ts";
import type { Embedder } from "../../search/embedder.ts";
import type { IndexDocument, IndexState, SearchIndex } from "../../search/search-index.ts";
import { embeddingText } from "../../search/document-text.ts";
import type { SkillSummary } from "../../skill/skill.ts";
import type { Change, SkillStore, StoredVersion } from "../../store/skill-store.ts";
import { Backlog } from "./backlog.ts";
import { PromptEmbedding } from "./prompt-embedding.ts";

/** Changes applied in one go: large enough to be fast, small enough to let others run in between. */
const CHUNK = 200;

/** Skills of these that are read before others get a turn. */
const READ_AT_ONCE = 20;

export interface IndexerParts {
  readonly store: SkillStore;
  readonly index: SearchIndex;
  readonly embedder: Embedder | undefined;
  readonly clock?: Clock;
  /** Called whenever skills that were left have been embedded, or that has failed again. */
  readonly onProgress?: () => void;
  /** Aborts when the library closes, before calls under way have ended. */
  readonly closing?: AbortSignal;
}

export class Indexer {
  readonly #parts: IndexerParts;
  readonly #lock = new AsyncRWLock({ name: "the search index" });
  #running: Promise<IndexState> | undefined;
  #background: Promise<void> | undefined;
  readonly #backlog: Backlog | undefined;
  /** Where the index last stood in the history of the store, which no open store exchanges for another. */
  #ofStore: { readonly revision: number; readonly mark: string } | undefined;

  constructor(parts: IndexerParts) {
    this.#parts = parts;
    const { store, index, embedder, closing, onProgress: onRound = () => undefined } = parts;
    if (embedder !== undefined) {
      const textOf = (version: StoredVersion): string => embeddingText(documentOf(version));
      this.#backlog = new Backlog({
        store,
        index,
        embedder,
        textOf,
        onRound,
        ...(closing === undefined ? {} : { closing }),
      });
    }
  }

  /** Why the last documents could not be embedded; they are found by keyword alone. */
  get embedderError(): string | undefined {
    return this.#backlog?.error;
  }

  /** Whether the index has all skills, and every vector that can be had. */
  async isComplete(): Promise<boolean> {
    const { store, index } = this.#parts;
    if ((await index.state()).revision < (await store.revision())) return false;
    return (await this.#backlog?.isDone()) ?? true;
  }

  /** Embeds in the background what earlier processes have left. */
  resume(): void {
    this.#backlog?.nudge();
  }

  /** Embeds what was left, now; resolves when that is done or the embedder fails. */
  async embedRest(): Promise<void> {
    await this.#backlog?.drain();
  }

  /**
   * Brings the index up to every commit acknowledged before the call.
   *
   * @returns where it stands then
   */
  async catchUp(): Promise<IndexState> {
    const target = await this.#parts.store.revision();
    for (;;) {
      const reached = await (this.#running ?? this.#run(() => this.#applyChanges()));
      if (reached.revision >= Math.min(target, await this.#parts.store.revision())) return reached;
    }
  }

  /** All work on the index runs here, one at a time. */
  #run(work: () => Promise<IndexState>): Promise<IndexState> {
    this.#running = work().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Starts catching up without anyone waiting; what fails here fails again, audibly, in a search. */
  nudge(whenDone?: () => void): void {
    this.#background ??= this.catchUp()
      .then(
        () => whenDone?.(),
        () => undefined,
      )
      .finally(() => {
        this.#background = undefined;
      });
  }

  /** Searches hold this for reading, so that none sees an index that is being built anew. */
  get lock(): AsyncRWLock {
    return this.#lock;
  }

  /** Empties the index and builds it anew from the store. */
  async rebuild(): Promise<void> {
    await using _ = await this.#lock.acquire("write");
    while (this.#running !== undefined) {
      // Whoever started it hears of its failure.
      await this.#running.catch(() => undefined);
    }
    await this.#run(async () => {
      await this.#parts.index.reset();
      return this.#applyChanges();
    });
  }

  /** Resolves when nothing is being indexed any more; what is left to embed stays left. */
  async settle(): Promise<void> {
    await this.#background;
    await this.#backlog?.close();
  }

  async #applyChanges(): Promise<IndexState> {
    const { store, index, embedder, clock = systemClock } = this.#parts;
    const target = await store.revision();
    const embedding = embedder && new PromptEmbedding(embedder, clock);
    for (;;) {
      // The index first: read the other way round, a commit in between would make it look ahead.
      const state = await index.state();
      const { revision: have } = state;
      const newest = await store.revision();
      const isSameHistory = have <= newest && (await this.#isOfStore(state));
      if (isSameHistory && have >= Math.min(target, newest)) return state;
      // The store has another history since, such as that of a restored backup.
      if (!isSameHistory) await index.reset();
      else await this.#applyChunk(state, embedding);
      await nextRound();
    }
  }

  /** Whether the store's history has led to this state; asked of the store once for each. */
  async #isOfStore({ revision, mark }: IndexState): Promise<boolean> {
    const known = this.#ofStore;
    if (revision === known?.revision && mark === known.mark) return true;
    const isOfStore = (await this.#markOf(revision)) === mark;
    if (isOfStore) this.#ofStore = { revision, mark };
    return isOfStore;
  }

  /** What tells the change at a revision from a change at the same revision in another history. */
  async #markOf(revision: number): Promise<string> {
    if (revision === 0) return "";
    const [change] = await this.#parts.store.changesSince(revision - 1, 1);
    return change === undefined ? "" : markOf(change);
  }

  async #applyChunk(
    { revision: have, generation }: IndexState,
    embedding: PromptEmbedding | undefined,
  ): Promise<void> {
    const { store, index } = this.#parts;
    const changes = await store.changesSince(have, CHUNK);
    const last = changes.at(-1);
    if (last === undefined) {
      throw new RepertoireError(
        "STORE_CORRUPT",
        `The store has no change after revision ${have}, though it says so`,
      );
    }
    const ids = [...new Set(changes.map((change) => change.skillId))];
    const current: StoredVersion[] = [];
    // What is stored later than the last change comes again with its own.
    for (let at = 0; at < ids.length; at += READ_AT_ONCE)
      current.push(...(await store.findMany(ids.slice(at, at + READ_AT_ONCE))));
    const present = new Set(current.map((version) => version.id));
    const upserts = await this.#documentsOf(current, embedding);
    await index.apply({
      upserts,
      removals: ids.filter((id) => !present.has(id)),
      revision: last.revision,
      mark: markOf(last),
      // Others ask for the state too: by now it may be that of an index emptied since.
      ...(generation === undefined ? {} : { generation }),
    });
    if (embedding && upserts.some(({ vector }) => vector === undefined)) this.#backlog?.leave();
  }

  async #documentsOf(
    versions: readonly StoredVersion[],
    embedding: PromptEmbedding | undefined,
  ): Promise<readonly IndexDocument[]> {
    const documents = versions.map(documentOf);
    // An embedder that has failed, or is busy with others, must not keep searches waiting.
    if (embedding === undefined || this.#backlog!.isBehind) return documents;
    const { vectors, error } = await embedding.embed(documents.map(embeddingText));
    if (error !== undefined) this.#backlog!.fail(error);
    return documents.map((document, at) => {
      const vector = vectors[at];
      return vector === undefined ? document : { ...document, vector };
    });
  }
}

/** Tells a change from one at the same revision in another history of the store. */
export function markOf({ skillId, version, kind, status, at }: Change): string {
  return `${skillId}@${version} ${kind} ${status} ${at}`;
}

export function summaryOf(version: StoredVersion): SkillSummary {
  const { id, name, description, category, tags, status, program, createdAt } = version;
  return {
    id,
    version: version.version,
    name,
    description,
    category,
    tags,
    status,
    executable: program !== undefined,
    updatedAt: createdAt,
  };
}

export function documentOf(version: StoredVersion): IndexDocument {
  return {
    summary: summaryOf(version),
    parameters: parametersOf(version.input),
    instructions: version.instructions ?? "",
    code: version.code ?? "",
  };
}

/** Keywords whose value is a schema, or a list of them. */
const SUBSCHEMAS = [
  "items",
  "prefixItems",
  "additionalProperties",
  "allOf",
  "anyOf",
  "oneOf",
  "if",
  "then",
  "else",
] as const;
/** Keywords whose value is schemas by a name that is no property's. */
const NAMED_SUBSCHEMAS = ["patternProperties", "dependentSchemas", "$defs", "definitions"] as const;

/** Names and descriptions of the properties of a schema, at any depth, as one text. */
function parametersOf(schema: JsonObject | boolean | undefined): string {
  const words: string[] = [];
  const pending: unknown[] = [schema];
  for (let at = 0; at < pending.length && words.length < 500; at++) {
    const current = pending[at];
    if (typeof current !== "object" || current === null) continue;
    const { properties, description, ...rest } = current as Record<string, unknown>;
    if (typeof description === "string") words.push(description);
    if (typeof properties === "object" && properties !== null) {
      words.push(...Object.keys(properties));
      pending.push(...Object.values(properties));
    }
    for (const keyword of SUBSCHEMAS) {
      const value = rest[keyword];
      if (Array.isArray(value)) pending.push(...value);
      else pending.push(value);
    }
    for (const keyword of NAMED_SUBSCHEMAS) pending.push(...Object.values(rest[keyword] ?? {}));
  }
  return words.join(" ");
}
