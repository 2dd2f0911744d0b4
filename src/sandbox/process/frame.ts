/**
 * Frames over a pipe: how many bytes the message has, how many its text has, both as unsigned
 * 32-bit little-endian numbers, then the message as JSON and the text as it is. The text carries
 * what may be large (a context, a result), so that it is not escaped into JSON once more.
 */

/** Most bytes of a message: the log lines of a run, escaped. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** Most bytes of a text: the largest arguments or answer of a host call. */
export const MAX_TEXT_BYTES = 64 * 1024 * 1024;

const HEADER_BYTES = 8;

export interface Frame {
  readonly message: unknown;
  /** Empty when there is none. */
  readonly text: string;
}

/** Something arrived that is no frame. */
export class FrameError extends Error {}

export function encodeFrame(message: object, text = ""): Buffer {
  const json = JSON.stringify(message);
  const messageBytes = Buffer.byteLength(json);
  const textBytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + messageBytes + textBytes);
  frame.writeUInt32LE(messageBytes, 0);
  frame.writeUInt32LE(textBytes, 4);
  frame.write(json, HEADER_BYTES);
  frame.write(text, HEADER_BYTES + messageBytes);
  return frame;
}

/**
 * A reader that is fed chunks as they arrive and calls `onFrame` for every whole frame. It holds no
 * more than the largest frame.
 *
 * @returns the function to feed; it throws `FrameError` for what is no frame, and is of no use after
 */
export function createFrameReader(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let buffered = 0;
  /** Bytes of the frame that is arriving; of its header while that is not known. */
  let needed = HEADER_BYTES;

  function frameBytes(data: Buffer, at: number): number {
    const messageBytes = data.readUInt32LE(at);
    const textBytes = data.readUInt32LE(at + 4);
    if (messageBytes > MAX_MESSAGE_BYTES || textBytes > MAX_TEXT_BYTES) {
      throw new FrameError(
        `A frame of ${messageBytes} and ${textBytes} bytes is larger than any may be`,
      );
    }
    return HEADER_BYTES + messageBytes + textBytes;
  }

  return (chunk) => {
    chunks.push(chunk);
    buffered += chunk.length;
    if (buffered < needed) return;
    const data = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    let at = 0;
    for (;;) {
      const left = data.length - at;
      needed = left < HEADER_BYTES ? HEADER_BYTES : frameBytes(data, at);
      if (left < needed) break;
      onFrame(decode(data, at, needed));
      at += needed;
    }
    chunks = at === data.length ? [] : [data.subarray(at)];
    buffered = data.length - at;
  };
}

function decode(data: Buffer, at: number, bytes: number): Frame {
  const textAt = at + HEADER_BYTES + data.readUInt32LE(at);
  try {
    const message = JSON.parse(data.toString("utf8", at + HEADER_BYTES, textAt)) as unknown;
    return { message, text: data.toString("utf8", textAt, at + bytes) };
  } catch (cause) {
    throw new FrameError("A frame holds no JSON", { cause });
  }
}
