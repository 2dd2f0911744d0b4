import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareIds } from "../fusion.ts";
import { quantizeQuery, quantizeVector } from "./quantized-vector.ts";
import type { QuantizedQuery, QuantizedVector } from "./quantized-vector.ts";
import { BLOCK_ROWS } from "./vector-kernel.ts";
import { vectorTable } from "./vector-table.ts";
import { bitmap, type Bitmap } from "./bitmap.ts";

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
          if (vector) expected.set(rowid, vector);
          else expected.delete(rowid);
          table.put(rowid, vector ? quantizeVector(vector) : undefined);
        }
        const near = table.nearest(quantizeQuery(query), [], 100, String);
        expect(new Set(near.map(({ row }) => row))).toEqual(new Set(expected.keys()));
        expect(near).toHaveLength(expected.size);
        for (const { row, cosine } of near) {
          const exact = expected.get(row)!.reduce((sum, x, i) => sum + x * query[i]!, 0);
          expect(Math.abs(cosine - exact)).toBeLessThan(0.02);
          expect(table.cosine(quantizeQuery(query), row)).toBe(cosine);
        }
      }),
    );
  });

  test("keeps the nearest of many rows, in order", () => {
    const table = vectorTable(2);
    for (let degrees = 359; degrees >= 0; degrees--) {
      const radians = (degrees * Math.PI) / 180;
      const vector = Float32Array.of(Math.cos(radians), Math.sin(radians));
      table.put(degrees, quantizeVector(vector));
    }
    const near = table.nearest(quantizeQuery(Float32Array.of(1, 0)), [], 3, String);
    expect(near.map(({ row }) => row)).toEqual([0, 1, 359]);
  });
});

const WIDE = 70;
const wideVector = fc
  .array(fc.integer({ min: -50, max: 50 }), { minLength: WIDE, maxLength: WIDE })
  .map((components) => {
    const length = Math.hypot(...components) || 1;
    return Float32Array.from(components, (component) => component / length);
  });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ rowid: fc.nat(60), vector: fc.option(wideVector) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      query: wideVector,
      limit: fc.integer({ min: 1, max: 8 }),
      filters: fc.array(fc.uniqueArray(fc.nat(60)), { maxLength: 3 }),
    }),
  },
);

test("finds what comparing every row one by one finds, under any filter, while rows change", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const table = vectorTable(WIDE);
      const rows = new Map<number, QuantizedVector>();
      for (const change of steps) {
        if ("query" in change) {
          const { query: vector, filters, limit } = change;
          const query = quantizeQuery(vector);
          const expected = [...rows]
            .filter(
              ([row, { scale }]) =>
                scale !== 0 && filters.every((allowed) => allowed.includes(row)),
            )
            .map(([row, own]) => ({ row, cosine: exactCosine(query, own) }))
            .toSorted((a, b) => b.cosine - a.cosine || compareIds(String(a.row), String(b.row)))
            .slice(0, limit);
          expect(table.nearest(query, filters.map(bitmapOf), limit, String)).toEqual(expected);
        } else {
          const { rowid, vector } = change;
          const quantized = vector === null ? undefined : quantizeVector(vector);
          if (quantized) rows.set(rowid, quantized);
          else rows.delete(rowid);
          table.put(rowid, quantized);
        }
      }
    }),
  );
});

test("finds in many blocks what comparing every row finds, whether the energy of vectors is even or not", () => {
  const rows = 2 * BLOCK_ROWS + 300;
  const given = fc.record({
    dimensions: fc.constantFrom(3, 16, 40, 96),
    decay: fc.constantFrom(1, 0.97, 0.8),
    spread: fc.constantFrom(0.01, 0.1, 1),
    limit: fc.constantFrom(1, 10, 100, 3000),
    everyNth: fc.constantFrom(1, 2, 33),
    numbers: fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
  });
  fc.assert(
    fc.property(given, ({ dimensions, decay, spread, limit, everyNth, numbers }) => {
      const table = vectorTable(dimensions);
      const components = (): Float32Array =>
        Float32Array.from({ length: dimensions }, (_, i) => numbers.next().value * decay ** i);
      const asked = components();
      const query = quantizeQuery(asked);
      const vectors = Array.from({ length: rows }, () =>
        quantizeVector(components().map((component, i) => asked[i]! + component * spread)),
      );
      // A third of them in place of others, and some taken out.
      for (let row = 0; row < rows; row += 3) table.put(row, vectors[(row * 7) % rows]);
      for (const [row, vector] of vectors.entries()) table.put(row, vector);
      for (let row = 5; row < rows; row += 11) table.put(row, undefined);
      const filter = bitmapOf([...vectors.keys()].filter((row) => row % everyNth === 0));
      const expected = vectors
        .map((vector, row) => ({ row, cosine: exactCosine(query, vector) }))
        .filter(({ row }) => row % 11 !== 5 && filter.has(row) && vectors[row]!.scale !== 0)
        .toSorted((a, b) => b.cosine - a.cosine || compareIds(String(a.row), String(b.row)))
        .slice(0, limit);
      expect(table.nearest(query, [filter], limit, String)).toEqual(expected);
    }),
    { numRuns: 6 },
  );
});

test("finds the nearest across blocks, and none after it is emptied", () => {
  const table = vectorTable(2);
  const count = 3 * BLOCK_ROWS + 5;
  for (let n = 0; n < count; n++) {
    const radians = (n / count) * Math.PI;
    const vector = quantizeVector(Float32Array.of(Math.cos(radians), Math.sin(radians)));
    table.put(n, vector);
  }
  const query = quantizeQuery(Float32Array.of(-1, 0));
  const best = table.nearest(query, [], 40, String);
  expect(Math.min(...best.map(({ row }) => row))).toBeGreaterThan(count - 200);
  table.clear();
  expect(table.nearest(query, [], 40, String)).toEqual([]);
});

test.for([2064, 3072, 4096, 65_536])(
  "compares %i components that are all as large as can be",
  (dimensions) => {
    const sign = (part: number): Float32Array =>
      Float32Array.from(
        { length: dimensions },
        (_, n) => (n < part * dimensions ? 1 : -1) / Math.sqrt(dimensions),
      );
    const table = vectorTable(dimensions);
    const parts = [0, 0.5, 0.97, 1];
    for (const [row, part] of parts.entries()) table.put(row, quantizeVector(sign(part)));
    const found = table.nearest(quantizeQuery(sign(1)), [], 4, String);
    expect(found.map(({ row }) => row)).toEqual([3, 2, 1, 0]);
    for (const { row, cosine } of found) expect(cosine).toBeCloseTo(2 * parts[row]! - 1, 2);
  },
);

function exactCosine(query: QuantizedQuery, vector: QuantizedVector): number {
  const dot = vector.bytes.reduce((sum, byte, i) => sum + byte * query.components[i]!, 0);
  return dot * query.scale * Math.fround(vector.scale);
}

function bitmapOf(rows: readonly number[]): Bitmap {
  const set = bitmap();
  for (const row of rows) set.set(row, true);
  return set;
}
