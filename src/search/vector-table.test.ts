import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quantizeQuery, quantizeVector } from "./quantized-vector.ts";
import { vectorTable } from "./vector-table.ts";

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
