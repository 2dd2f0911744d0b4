/** Stems and how many documents have them, as they are in the file; remembered while nothing changes. */
import type { IndexStatements } from "../index-statements.ts";

export interface KnownTerm {
  readonly number: number;
  readonly documents: number;
}

export interface KnownTerms {
  /** Inside a transaction that sees what was last remembered, or after `forget`. */
  find(statements: IndexStatements, stem: string): KnownTerm | undefined;
  /** To be called whenever documents have changed. */
  forget(): void;
}

/** Those of many queries, in a megabyte or two. */
const MAX_KNOWN = 10_000;
const UNKNOWN = { number: 0, documents: 0 };

export function knownTerms(): KnownTerms {
  const known = new Map<string, KnownTerm>();

  function read(statements: IndexStatements, stem: string): KnownTerm {
    const row = statements.findTerm.get(stem);
    return row === undefined
      ? UNKNOWN
      : { number: Number(row.number), documents: Number(row.documents) };
  }

  return {
    find(statements, stem) {
      let term = known.get(stem);
      if (term === undefined) {
        term = read(statements, stem);
        if (known.size === MAX_KNOWN) known.clear();
        known.set(stem, term);
      }
      return term === UNKNOWN ? undefined : term;
    },

    forget: () => known.clear(),
  };
}
