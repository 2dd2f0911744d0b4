/**
 * Words in the form in which they are compared: FTS5's own tokenizer (Porter's stems of case-folded
 * words without diacritics), asked through a table in memory. Each word is looked up once.
 */
import { DatabaseSync } from "node:sqlite";

/** Words remembered at most; those not asked for lately are forgotten first. */
const MAX_KNOWN = 60_000;

export interface Stemmer {
  /** For each word its tokens: one, or none where it has no letter or digit SQLite knows. */
  stems(words: readonly string[]): readonly (readonly string[])[];
}

export function stemmer(): Stemmer {
  let known = new Map<string, readonly string[]>();
  let former: typeof known = new Map();
  const database = new DatabaseSync(":memory:");
  database.exec(
    `CREATE VIRTUAL TABLE words USING fts5 (
       word, content = '', tokenize = 'porter unicode61 remove_diacritics 2');
     CREATE VIRTUAL TABLE tokens USING fts5vocab (words, instance)`,
  );
  const put = database.prepare("INSERT INTO words (rowid, word) VALUES (?, ?)");
  const tokens = database.prepare("SELECT doc, term FROM tokens ORDER BY doc, offset");

  function learn(words: readonly string[]): void {
    const found = words.map((): string[] => []);
    database.exec("BEGIN");
    for (const [at, word] of words.entries()) put.run(at + 1, word);
    for (const { doc, term } of tokens.iterate()) found[Number(doc) - 1]!.push(term as string);
    database.exec("ROLLBACK");
    for (const [at, word] of words.entries()) known.set(word, found[at]!);
  }

  return {
    stems(words) {
      if (known.size > MAX_KNOWN / 2) {
        former = known;
        known = new Map();
      }
      const missing = new Set<string>();
      for (const word of words) {
        if (known.has(word)) continue;
        const stems = former.get(word);
        if (stems === undefined) missing.add(word);
        else known.set(word, stems);
      }
      if (missing.size > 0) learn([...missing]);
      return words.map((word) => known.get(word)!);
    },
  };
}
