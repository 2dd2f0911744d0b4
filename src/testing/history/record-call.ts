import type { SkillAnswer, SkillCall } from "../linearizability/skill-model.ts";
import { historyNow } from "./history-file.ts";
import type { HistoryRecorder } from "./history-file.ts";
import { outcomeOf } from "./outcome-of.ts";

/** Records a write around `perform`, and passes on its result or error. */
export async function recordWrite<T>(
  recorder: HistoryRecorder,
  key: string,
  call: SkillCall,
  perform: () => Promise<T>,
  answerOf: (result: T) => SkillAnswer,
): Promise<T> {
  const end = recorder.begin(key, call);
  try {
    const result = await perform();
    end(answerOf(result));
    return result;
  } catch (error) {
    end(outcomeOf(error));
    throw error;
  }
}

/** Records a read around `perform`, and passes on its result or error. */
export async function recordRead<T>(
  recorder: HistoryRecorder,
  key: string,
  call: SkillCall,
  perform: () => Promise<T>,
  answerOf: (result: T) => SkillAnswer | undefined,
): Promise<T> {
  const calledAt = historyNow();
  let result: T;
  try {
    result = await perform();
  } catch (error) {
    const outcome = outcomeOf(error);
    if ("kind" in outcome) recorder.observed(key, call, calledAt, outcome);
    else recorder.failed(key, call, calledAt, outcome.error);
    throw error;
  }
  const answer = answerOf(result);
  if (answer !== undefined) recorder.observed(key, call, calledAt, answer);
  return result;
}
