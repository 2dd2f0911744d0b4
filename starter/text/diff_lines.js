const MAX_CELLS = 2_000_000;

/** Marks every line as kept, removed or added, by the longest common subsequence. */
function align(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let endBefore = before.length;
  let endAfter = after.length;
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--;
    endAfter--;
  }

  const rows = endBefore - start;
  const width = endAfter - start + 1;
  if ((rows + 1) * width > MAX_CELLS) {
    throw new RangeError(
      `Texts differ over ${rows} by ${width - 1} lines, more than can be compared`,
    );
  }
  // common[i * width + j]: length of the common subsequence of before[i…] and after[j…].
  const common = new Uint32Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = width - 2; j >= 0; j--) {
      common[i * width + j] =
        before[start + i] === after[start + j]
          ? common[(i + 1) * width + j + 1] + 1
          : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }

  const lines = before.slice(0, start).map((text) => ({ op: " ", text }));
  let i = 0;
  let j = 0;
  while (i < rows || j < width - 1) {
    if (i < rows && j < width - 1 && before[start + i] === after[start + j]) {
      lines.push({ op: " ", text: before[start + i++] });
      j++;
    } else if (
      j >= width - 1 ||
      (i < rows && common[(i + 1) * width + j] >= common[i * width + j + 1])
    ) {
      lines.push({ op: "-", text: before[start + i++] });
    } else {
      lines.push({ op: "+", text: after[start + j++] });
    }
  }
  return lines.concat(before.slice(endBefore).map((text) => ({ op: " ", text })));
}

/** Groups changes with their surroundings into the hunks of a unified diff. */
function unify(lines, around) {
  const out = [];
  let oldLine = 1;
  let newLine = 1;
  let at = 0;
  while (at < lines.length) {
    let change = at;
    while (change < lines.length && lines[change].op === " ") change++;
    if (change === lines.length) break;

    const first = Math.max(at, change - around);
    oldLine += first - at;
    newLine += first - at;
    // The hunk ends after the last change that no more than twice the surroundings separate.
    let last = change;
    for (let k = change; k < lines.length && k - last <= 2 * around + 1; k++) {
      if (lines[k].op !== " ") last = k;
    }
    const hunk = lines.slice(first, last + around + 1);
    const oldCount = hunk.filter((line) => line.op !== "+").length;
    const newCount = hunk.filter((line) => line.op !== "-").length;
    const oldStart = oldCount === 0 ? oldLine - 1 : oldLine;
    const newStart = newCount === 0 ? newLine - 1 : newLine;
    out.push(`@@ -${oldStart},${oldCount} +${newStart},${newCount} @@`);
    for (const line of hunk) out.push(line.op + line.text);
    oldLine += oldCount;
    newLine += newCount;
    at = first + hunk.length;
  }
  return out.join("\n");
}

const split = (text) => (text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/));

export default function diffLines(context) {
  const lines = align(split(context.before), split(context.after));
  const added = lines.filter((line) => line.op === "+").length;
  const removed = lines.filter((line) => line.op === "-").length;
  return {
    changed: added + removed > 0,
    added,
    removed,
    unified: unify(lines, context.contextLines ?? 3),
  };
}
