/**
 * A unified diff of two texts by line. Shortest edit script by E. W. Myers, "An O(ND) Difference
 * Algorithm and Its Variations" (1986), greedy, after common ends are set aside.
 */
const CONTEXT = 3;
/** Beyond this many edits the texts have nothing to do with each other, and are shown whole. */
const MAX_EDITS = 1000;

export interface DiffLine {
  readonly kind: "same" | "added" | "removed" | "hunk";
  readonly text: string;
}

/** @param maxEdits edits beyond which the texts are shown whole (default: 1000) */
export function unifiedDiff(from: string, to: string, maxEdits = MAX_EDITS): readonly DiffLine[] {
  return hunks(diffLines(linesOf(from), linesOf(to), maxEdits));
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function diffLines(
  from: readonly string[],
  to: readonly string[],
  maxEdits: number,
): readonly DiffLine[] {
  let start = 0;
  while (start < Math.min(from.length, to.length) && from[start] === to[start]) start += 1;
  let end = 0;
  while (
    end < Math.min(from.length, to.length) - start &&
    from[from.length - 1 - end] === to[to.length - 1 - end]
  )
    end += 1;
  return [
    ...marked("same", from.slice(0, start)),
    ...editScript(from.slice(start, from.length - end), to.slice(start, to.length - end), maxEdits),
    ...marked("same", from.slice(from.length - end)),
  ];
}

function editScript(
  from: readonly string[],
  to: readonly string[],
  maxEdits: number,
): readonly DiffLine[] {
  const trace: Map<number, number>[] = [];
  let reach = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(from.length + to.length, maxEdits); edits++) {
    const next = new Map<number, number>();
    trace.push(reach);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = furthest(reach, diagonal, edits);
      while (x < from.length && x - diagonal < to.length && from[x] === to[x - diagonal]) x += 1;
      next.set(diagonal, x);
      if (x >= from.length && x - diagonal >= to.length) return walkBack(from, to, trace);
    }
    reach = next;
  }
  return [...marked("removed", from), ...marked("added", to)];
}

/** Where a path on this diagonal starts after one more edit: from above (an addition) or from the left (a removal). */
function furthest(reach: ReadonlyMap<number, number>, diagonal: number, edits: number): number {
  return isAddition(reach, diagonal, edits)
    ? (reach.get(diagonal + 1) ?? 0)
    : (reach.get(diagonal - 1) ?? 0) + 1;
}

function isAddition(reach: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  return diagonal !== edits && (reach.get(diagonal - 1) ?? 0) < (reach.get(diagonal + 1) ?? 0);
}

function walkBack(
  from: readonly string[],
  to: readonly string[],
  trace: readonly ReadonlyMap<number, number>[],
): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let x = from.length;
  let y = to.length;
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reach = trace[edits] as ReadonlyMap<number, number>;
    const added = isAddition(reach, x - y, edits);
    const startX = furthest(reach, x - y, edits);
    const startY = startX - (x - y);
    for (; x > startX && y > startY; x--, y--)
      lines.push({ kind: "same", text: from[x - 1] ?? "" });
    if (edits === 0) break;
    if (added) lines.push({ kind: "added", text: to[--y] ?? "" });
    else lines.push({ kind: "removed", text: from[--x] ?? "" });
  }
  return lines.toReversed();
}

function marked(kind: DiffLine["kind"], texts: readonly string[]): readonly DiffLine[] {
  return texts.map((text) => ({ kind, text }));
}

/** Leaves out what is further than three lines from any change. */
function hunks(lines: readonly DiffLine[]): readonly DiffLine[] {
  const isNear = lines.map(() => false);
  lines.forEach(({ kind }, at) => {
    if (kind !== "same")
      for (
        let near = Math.max(0, at - CONTEXT);
        near <= at + CONTEXT && near < lines.length;
        near++
      )
        isNear[near] = true;
  });
  const shown: DiffLine[] = [];
  let fromLine = 1;
  let toLine = 1;
  lines.forEach((line, at) => {
    if (isNear[at] === true) {
      if (isNear[at - 1] !== true)
        shown.push({ kind: "hunk", text: `@@ -${fromLine} +${toLine} @@` });
      shown.push(line);
    }
    if (line.kind !== "added") fromLine += 1;
    if (line.kind !== "removed") toLine += 1;
  });
  return shown;
}
