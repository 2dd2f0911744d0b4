/**
 * Words in the form in which they are compared: FTS5's own tokenizer (Porter's stems of case-folded
 * words without diacritics), asked through a table in memory. Each word is looked up once.
 */
import { DatabaseSync } from "node:sqlite";

/** Words remembered; beyond it all are forgotten, since a few thousand make up most of any text. */
const MAX_KNOWN = 50_000;

export interface Stemmer {
  /** For each word its tokens: one, or none where it has no letter or digit SQLite knows. */
  stems(words: readonly string[]): readonly (readonly string[])[];
}

export function stemmer(): Stemmer {
  const known = new Map<string, readonly string[]>();
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
      if (known.size > MAX_KNOWN) known.clear();
      const missing = new Set(words.filter((word) => !known.has(word)));
      if (missing.size > 0) learn([...missing]);
      return words.map((word) => known.get(word)!);
    },
  };
}
