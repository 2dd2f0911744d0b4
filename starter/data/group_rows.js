/** A number, also when it is written as text; undefined when the cell is empty. */
function toNumber(value, column, index) {
  if (value === null || value === undefined || value === "") return undefined;
  const number = typeof value === "string" ? Number(value.trim()) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) {
    throw new TypeError(
      `Expected a number in column "${column}" of row ${index}, got ${JSON.stringify(value)}`,
    );
  }
  return number;
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** Each takes the numbers (or values) of one group; an empty group has no minimum, maximum or mean. */
const NUMERIC = {
  sum,
  mean: (numbers) => (numbers.length === 0 ? null : sum(numbers) / numbers.length),
  min: (numbers) => (numbers.length === 0 ? null : numbers.reduce((a, b) => Math.min(a, b))),
  max: (numbers) => (numbers.length === 0 ? null : numbers.reduce((a, b) => Math.max(a, b))),
};
const GENERAL = {
  count: (values) => values.filter((value) => value !== null && value !== "").length,
  distinct: (values) => new Set(values.map((value) => JSON.stringify(value))).size,
  first: (values) => values[0],
  last: (values) => values.at(-1),
  list: (values) => values,
};

export default function groupRows(context) {
  const rows = context.rows ?? context.prev_result;
  if (!Array.isArray(rows)) throw new TypeError(`Expected rows to be an array, got ${typeof rows}`);
  const { by, aggregate = { count: { op: "count" } } } = context;

  const known = new Set(rows.flatMap((row) => Object.keys(row)));
  const wanted = [...by, ...Object.values(aggregate).flatMap((spec) => spec.column ?? [])];
  const unknown = wanted.find((column) => rows.length > 0 && !known.has(column));
  if (unknown !== undefined) {
    throw new RangeError(`Column "${unknown}" is in no row; columns are ${[...known].join(", ")}`);
  }

  const groups = new Map();
  rows.forEach((row, index) => {
    const key = JSON.stringify(by.map((column) => row[column] ?? null));
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push({ row, index });
  });

  return [...groups].map(([key, members]) => {
    const group = JSON.parse(key).map((value, index) => [by[index], value]);
    const results = Object.entries(aggregate).map(([name, { op, column }]) => {
      if (column === undefined) {
        if (op === "count") return [name, members.length];
        throw new TypeError(`Expected "${name}" to name the column to take the ${op} of`);
      }
      if (Object.hasOwn(NUMERIC, op)) {
        const numbers = members.map(({ row, index }) => toNumber(row[column], column, index));
        return [name, NUMERIC[op](numbers.filter((number) => number !== undefined))];
      }
      return [name, GENERAL[op](members.map(({ row }) => row[column] ?? null))];
    });
    return Object.fromEntries([...group, ...results]);
  });
}
