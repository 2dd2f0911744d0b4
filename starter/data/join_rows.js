const MAX_ROWS = 100_000;

const keyOf = (row, columns) => JSON.stringify(columns.map((column) => row[column] ?? null));

export default function joinRows(context) {
  const left = context.left ?? context.prev_result;
  if (!Array.isArray(left))
    throw new TypeError(`Expected left to be an array of rows, got ${typeof left}`);
  const { right, on, rightOn = on, how = "inner", suffix = "_right" } = context;
  if (rightOn.length !== on.length) {
    throw new RangeError(
      `Expected as many columns in rightOn (${rightOn.length}) as in on (${on.length})`,
    );
  }

  const index = new Map();
  for (const row of right) {
    const key = keyOf(row, rightOn);
    if (!index.has(key)) index.set(key, []);
    index.get(key).push(row);
  }

  // A column of the right table that the left one has as well gets the suffix; keys are not repeated.
  const leftColumns = new Set([...on, ...left.flatMap((row) => Object.keys(row))]);
  const rightColumns = [...new Set(right.flatMap((row) => Object.keys(row)))].filter(
    (name) => !rightOn.includes(name),
  );
  const fromRight = (row) =>
    rightColumns.map((name) => [leftColumns.has(name) ? name + suffix : name, row?.[name] ?? null]);

  const joined = [];
  const push = (entries) => {
    if (joined.length >= MAX_ROWS)
      throw new RangeError(`The join has more than ${MAX_ROWS} rows; check its key`);
    joined.push(Object.fromEntries(entries));
  };

  const used = new Set();
  for (const row of left) {
    const key = keyOf(row, on);
    // As in SQL, a missing key value matches nothing.
    const matches = on.every((name) => (row[name] ?? null) !== null) ? (index.get(key) ?? []) : [];
    if (matches.length > 0) used.add(key);
    for (const match of matches) push([...Object.entries(row), ...fromRight(match)]);
    if (matches.length === 0 && how !== "inner")
      push([...Object.entries(row), ...fromRight(undefined)]);
  }

  if (how === "full") {
    for (const [key, rows] of index) {
      if (used.has(key)) continue;
      for (const row of rows) {
        const keys = on.map((name, position) => [name, row[rightOn[position]] ?? null]);
        const blanks = [...leftColumns]
          .filter((name) => !on.includes(name))
          .map((name) => [name, null]);
        push([...keys, ...blanks, ...fromRight(row)]);
      }
    }
  }
  return joined;
}
