import fc from "fast-check";
import { expect, test } from "vitest";
import type { QuantizedQuery, QuantizedVector } from "./quantized-vector.ts";
import { BLOCK_ROWS, vectorKernel } from "./vector-kernel.ts";

const sizes = fc.constantFrom(1, 5, 8, 16, 31, 32, 33, 64, 70, 128, 130, 256, 300, 384, 700);
/** Scales differ a little or a lot, and some rows have no vector. */
const rowScale = fc.oneof(
  fc.double({ min: 0.001, max: 0.01, noNaN: true }),
  fc.double({ min: 1e-6, max: 1, noNaN: true }),
  fc.constant(0),
);
const queryScale = fc.double({ min: 0.0001, max: 0.01, noNaN: true });

/** With components that are as large everywhere, or ever smaller towards the end. */
const anyCase = fc
  .record({ size: sizes, decay: fc.constantFrom(1, 0.99, 0.9), scale: queryScale })
  .chain(({ size, decay, scale }) => {
    const components = fc.oneof(
      fc
        .array(fc.integer({ min: -127, max: 127 }), { minLength: size, maxLength: size })
        .map((all) => Int8Array.from(all, (component, i) => Math.round(component * decay ** i))),
      // The largest sums there can be.
      fc.constantFrom(-127, 127).map((component) => new Int8Array(size).fill(component)),
    );
    const vector = fc.record({ bytes: components, scale: rowScale });
    return fc.record({
      query: components.map((bytes) => queryOf(bytes, scale)),
      vectors: fc.array(vector, { minLength: 1, maxLength: 40 }),
      mask: maskArbitrary,
    });
  });

/**
 * Low halves that are all on a line with the query: then the bound of a row is no more than its product,
 * and any rounding of it downwards would lose the row.
 */
const tightCase = fc
  .record({
    size: sizes,
    scale: queryScale,
    factor: fc.integer({ min: 1, max: 8 }),
    low: fc.infiniteStream(fc.nat(15)),
  })
  .chain(({ size, scale, factor, low }) => {
    const lows = Array.from({ length: size }, () => low.next().value as number);
    const bytes = Int8Array.from(lows, (half) => factor * (2 * half - 15));
    const vector = fc.record({
      bytes: fc
        .array(fc.integer({ min: -8, max: 7 }), { minLength: size, maxLength: size })
        .map((highs) => Int8Array.from(highs, (high, i) => 16 * high + lows[i]!)),
      scale: rowScale,
    });
    return fc.record({
      query: fc.constant(queryOf(bytes, scale)),
      vectors: fc.array(vector, { minLength: 1, maxLength: 40 }),
      mask: maskArbitrary,
    });
  });

const maskArbitrary = fc
  .oneof(fc.constant(0xffff_ffff), fc.integer({ min: 0, max: 0xffff_ffff }))
  .map((word) => new Uint32Array(BLOCK_ROWS / 32).fill(word));

test.each([
  ["any vectors", anyCase],
  ["vectors whose bound is their product", tightCase],
])("selects what comparing row by row selects, with the same cosines, of %s", (_, cases) => {
  fc.assert(
    fc.property(cases, fc.nat(), (given, pick) => {
      const { query, vectors, mask } = given;
      const { scale } = query.coarse;
      const kernel = vectorKernel(query.components.length);
      kernel.addBlock();
      // What was there before leaves no trace.
      for (const [row, vector] of vectors.toReversed().entries()) kernel.put(row, vector);
      for (const [row, vector] of vectors.entries()) kernel.put(row, vector);
      kernel.setQuery(query);
      const values = vectors.map((vector) => coarseValue(query, vector));
      const enough = values[pick % values.length]! * scale;
      for (const limit of [enough, Number.NEGATIVE_INFINITY]) {
        const { rows, cosines } = kernel.select(0, 0, 64, mask, limit);
        const expected = values
          .map((value, row) => ({ row, value }))
          .filter(({ row, value }) => isIn(mask, row) && value >= Math.fround(limit / scale))
          .map(({ row, value }) => [row, Math.fround(value * scale)]);
        expect(
          Array.from(rows, (row, i) => [row, cosines[i]]).filter(([row]) => row! < vectors.length),
        ).toEqual(expected);
      }
      for (const [row, vector] of vectors.entries())
        expect(kernel.cosine(row)).toBe(exactCosine(query, vector));
    }),
    { numRuns: 300 },
  );
});

test("selects of a part of a block", () => {
  const kernel = vectorKernel(3);
  kernel.addBlock();
  const vector = { bytes: Int8Array.of(1, 2, 3), scale: 0.1 };
  for (let row = 0; row < BLOCK_ROWS; row++) kernel.put(row, vector);
  kernel.setQuery(queryOf(Int8Array.of(3, 2, 1), 0.1));
  const mask = new Uint32Array(BLOCK_ROWS / 32).fill(0x8000_0001);
  expect([...kernel.select(0, 64, 128, mask, 0).rows]).toEqual([64, 95, 96, 127]);
  expect(kernel.select(0, 0, BLOCK_ROWS, mask, 0).rows).toHaveLength(BLOCK_ROWS / 16);
  expect(kernel.select(0, 0, BLOCK_ROWS, mask, 1).rows).toHaveLength(0);
});

function queryOf(bytes: Int8Array, scale: number): QuantizedQuery {
  return {
    components: Int16Array.from(bytes, (component) => component * 64),
    scale: scale / 64,
    coarse: { bytes, scale, error: 0 },
  };
}

/** As the kernel computes it, in 32-bit floats. */
function coarseValue(query: QuantizedQuery, { bytes, scale }: QuantizedVector): number {
  return Math.fround(product(bytes, query.coarse.bytes) * Math.fround(scale));
}

function exactCosine(query: QuantizedQuery, { bytes, scale }: QuantizedVector): number {
  return product(bytes, query.components) * query.scale * Math.fround(scale);
}

function product(bytes: Int8Array, components: Int8Array | Int16Array): number {
  return bytes.reduce((sum, byte, i) => sum + byte * components[i]!, 0);
}

function isIn(mask: Uint32Array, row: number): boolean {
  return ((mask[row >>> 5]! >>> (row & 31)) & 1) === 1;
}
