import fc from "fast-check";
import { expect, test } from "vitest";
import { createFrameReader, encodeFrame, FrameError, MAX_TEXT_BYTES } from "./frame.ts";
import type { Frame } from "./frame.ts";

function readAll(bytes: Buffer, cuts: readonly number[]): readonly Frame[] {
  const frames: Frame[] = [];
  const read = createFrameReader((frame) => frames.push(frame));
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted(
    (a, b) => a - b,
  );
  let at = 0;
  for (const place of [...places, bytes.length]) {
    if (place > at) read(bytes.subarray(at, place));
    at = place;
  }
  return frames;
}

test("frames arrive whole and in order, however the pipe cuts them", () => {
  const anyFrame = fc.record({
    message: fc.object({ values: [fc.string({ unit: "grapheme" }), fc.integer()] }),
    text: fc.string({ unit: "grapheme", maxLength: 300 }),
  });
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 6 }), fc.array(fc.nat()), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(({ message, text }) => encodeFrame(message, text)));
      const sent = frames.map(({ message, text }) => ({
        message: JSON.parse(JSON.stringify(message)) as unknown,
        text,
      }));
      expect(readAll(bytes, cuts)).toEqual(sent);
    }),
  );
});

test("any bytes are frames, wait for more, or are refused as none", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
      const read = createFrameReader(() => undefined);
      try {
        for (const chunk of chunks) read(Buffer.from(chunk));
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
    }),
  );
});

test("a frame that says it is too large is refused by its first bytes", () => {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(2, 0);
  header.writeUInt32LE(MAX_TEXT_BYTES + 1, 4);
  expect(() => createFrameReader(() => undefined)(header)).toThrow(FrameError);
});
