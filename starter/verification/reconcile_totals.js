// Amounts are added as whole units of 10^-6, because sums of binary fractions drift.
const SCALE = 1_000_000;

function toUnits(value, what) {
  const number =
    typeof value === "string" && value.trim() !== ""
      ? Number(value.replace(/[\s,'’](?=\d{3})/g, ""))
      : value;
  if (typeof number !== "number" || !Number.isFinite(number)) {
    throw new TypeError(`Expected ${what} to be an amount, got ${JSON.stringify(value ?? null)}`);
  }
  const units = Math.round(number * SCALE);
  if (!Number.isSafeInteger(units))
    throw new RangeError(`Expected ${what} to be below 9 thousand million, got ${number}`);
  return units;
}

export default function reconcileTotals(context) {
  const rows = context.rows ?? context.prev_result;
  if (!Array.isArray(rows)) throw new TypeError(`Expected rows to be an array, got ${typeof rows}`);
  const {
    amount,
    quantity,
    groupBy,
    expectedTotal,
    expectedGroups = {},
    adjustments = {},
  } = context;
  const tolerance = toUnits(context.tolerance ?? 0.005, "tolerance");
  if (groupBy === undefined && Object.keys(expectedGroups).length > 0) {
    throw new RangeError("Expected groupBy to name the column that expectedGroups are about");
  }

  let total = 0;
  const groups = new Map();
  rows.forEach((row, index) => {
    let units = toUnits(row?.[amount], `"${amount}" of row ${index}`);
    if (quantity !== undefined) {
      units = Math.round((units * toUnits(row[quantity], `"${quantity}" of row ${index}`)) / SCALE);
    }
    total += units;
    if (groupBy !== undefined) {
      const name = String(row[groupBy] ?? "");
      groups.set(name, (groups.get(name) ?? 0) + units);
    }
  });
  const subtotal = total;
  for (const [name, value] of Object.entries(adjustments))
    total += toUnits(value, `adjustment "${name}"`);

  const check = (name, computed, expected) => {
    const difference = computed - toUnits(expected, `expected ${name}`);
    return {
      name,
      computed: computed / SCALE,
      expected: Number(expected),
      difference: difference / SCALE,
      balanced: Math.abs(difference) <= tolerance,
    };
  };
  const checks = [
    check("total", total, expectedTotal),
    ...Object.entries(expectedGroups).map(([name, expected]) =>
      check(`${groupBy}: ${name}`, groups.get(name) ?? 0, expected),
    ),
  ];
  return {
    balanced: checks.every((entry) => entry.balanced),
    rows: rows.length,
    subtotal: subtotal / SCALE,
    checks,
  };
}
