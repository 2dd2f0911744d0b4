import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareIds } from "../fusion.ts";
import type { IndexFilter } from "../search-index.ts";
import { quantizeQuery, quantizeVector } from "./quantized-vector.ts";
import type { QuantizedQuery, QuantizedVector } from "./quantized-vector.ts";
import { BLOCK_ROWS } from "./vector-kernel.ts";
import { vectorTable } from "./vector-table.ts";
import type { TableRow } from "./vector-table.ts";

const DIMENSIONS = 5;

const unitVector = fc
  .array(fc.integer({ min: -100, max: 100 }), { minLength: DIMENSIONS, maxLength: DIMENSIONS })
  .filter((components) => components.some((component) => component !== 0))
  .map((components) => {
    const length = Math.hypot(...components);
    return Float32Array.from(components, (component) => component / length);
  });

describe("vectorTable", () => {
  test("agrees with the exact cosine of every row, through additions and removals", () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.option(unitVector)));
    fc.assert(
      fc.property(rows, unitVector, (changes, query) => {
        const table = vectorTable(DIMENSIONS);
        const expected = new Map<number, Float32Array>();
        for (const [rowid, vector] of changes) {
          if (vector) {
            expected.set(rowid, vector);
            const fields = { category: "c", status: "active", tags: [] } as const;
            table.put({ rowid, id: `${rowid}`, ...fields, vector: quantizeVector(vector) });
          } else {
            expected.delete(rowid);
            table.remove(rowid);
          }
        }
        const near = table.nearest(quantizeQuery(query), { status: "active" }, 100);
        expect(new Set(near.map(({ row }) => row.rowid))).toEqual(new Set(expected.keys()));
        expect(near).toHaveLength(expected.size);
        for (const { row, cosine } of near) {
          const exact = expected.get(row.rowid)!.reduce((sum, x, i) => sum + x * query[i]!, 0);
          expect(Math.abs(cosine - exact)).toBeLessThan(0.02);
          expect(table.cosine(quantizeQuery(query), row.rowid)).toBe(cosine);
        }
      }),
    );
  });

  test("keeps the nearest of many rows, in order", () => {
    const table = vectorTable(2);
    for (let degrees = 359; degrees >= 0; degrees--) {
      const radians = (degrees * Math.PI) / 180;
      table.put({
        rowid: degrees + 1,
        id: `${degrees}`,
        category: "c",
        status: "active",
        tags: [],
        vector: quantizeVector(Float32Array.of(Math.cos(radians), Math.sin(radians))),
      });
    }
    const near = table.nearest(quantizeQuery(Float32Array.of(1, 0)), { status: "active" }, 3);
    expect(near.map(({ row }) => row.id)).toEqual(["0", "1", "359"]);
  });
});

const WIDE = 70;
const STATUSES = ["active", "deprecated"] as const;

const facets = fc.record({
  status: fc.constantFrom(...STATUSES),
  category: fc.constantFrom("a", "b"),
  tags: fc.subarray(["x", "y", "z"]),
});
const wideVector = fc
  .array(fc.integer({ min: -50, max: 50 }), { minLength: WIDE, maxLength: WIDE })
  .map((components) => {
    const length = Math.hypot(...components) || 1;
    return Float32Array.from(components, (component) => component / length);
  });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ rowid: fc.nat(60), facets, vector: fc.option(wideVector) }) },
  { weight: 1, arbitrary: fc.record({ rowid: fc.nat(60) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      query: wideVector,
      limit: fc.integer({ min: 1, max: 8 }),
      filter: fc.record(
        {
          status: fc.constantFrom(...STATUSES),
          category: fc.constantFrom("a", "b"),
          tags: fc.subarray(["x", "y"]),
          accepts: fc.constant((id: string) => Number(id) % 3 !== 0),
        },
        { requiredKeys: ["status"] },
      ),
    }),
  },
);

test("finds what comparing every row one by one finds, under any filter, while rows change", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const table = vectorTable(WIDE);
      const rows = new Map<number, TableRow>();
      for (const change of steps) {
        if ("query" in change) {
          const { query: vector, filter, limit } = change;
          const query = quantizeQuery(vector);
          const expected = [...rows.values()]
            .filter((row) => row.vector && row.vector.scale !== 0 && passes(row, filter))
            .map((row) => ({ id: row.id, cosine: exactCosine(query, row.vector!) }))
            .toSorted((a, b) => b.cosine - a.cosine || compareIds(a.id, b.id))
            .slice(0, limit);
          const found = table.nearest(query, filter, limit);
          expect(found.map(({ row, cosine }) => ({ id: row.id, cosine }))).toEqual(expected);
        } else if ("facets" in change) {
          const { rowid, vector } = change;
          const row: TableRow = {
            rowid,
            id: `${rowid}`,
            ...change.facets,
            ...(vector === null ? {} : { vector: quantizeVector(vector) }),
          };
          rows.set(rowid, row);
          table.put(row);
        } else {
          rows.delete(change.rowid);
          table.remove(change.rowid);
        }
      }
    }),
  );
});

test("finds the nearest across blocks, and none after it is emptied", () => {
  const table = vectorTable(2);
  const count = 3 * BLOCK_ROWS + 5;
  for (let n = 0; n < count; n++) {
    const radians = (n / count) * Math.PI;
    const vector = quantizeVector(Float32Array.of(Math.cos(radians), Math.sin(radians)));
    table.put({ rowid: n, id: `${n}`, category: "c", status: "active", tags: [], vector });
  }
  const query = quantizeQuery(Float32Array.of(-1, 0));
  const best = table.nearest(query, { status: "active" }, 40);
  expect(Math.min(...best.map(({ row }) => row.rowid))).toBeGreaterThan(count - 200);
  table.clear();
  expect(table.nearest(query, { status: "active" }, 40)).toEqual([]);
});

function exactCosine(query: QuantizedQuery, vector: QuantizedVector): number {
  const dot = vector.bytes.reduce((sum, byte, i) => sum + byte * query.components[i]!, 0);
  return dot * query.scale * Math.fround(vector.scale);
}

function passes(row: TableRow, filter: IndexFilter): boolean {
  return (
    row.status === filter.status &&
    (filter.category ?? row.category) === row.category &&
    (filter.tags ?? []).every((tag) => row.tags.includes(tag)) &&
    (filter.accepts?.(row.id) ?? true)
  );
}
