/** Records writes for ever into the file it is given, and tells its parent how many were answered. */
import { historyRecorder } from "../history/history-file.ts";

const recorder = historyRecorder(process.argv[2] ?? "", "recording");
for (let count = 1; ; count++) {
  const end = recorder.begin("a", { op: "add", content: `${count}`, expected: "any" });
  await new Promise((resolve) => setImmediate(resolve));
  end({ kind: "version", version: count, created: true });
  process.send?.(count);
}
