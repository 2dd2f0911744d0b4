/** The structural checks of a draft: its code and its schemas. They run on a thread of their own. */
import type { Issue } from "../../../base/errors.ts";
import type { JsonObject } from "../../../base/json.ts";
import { checkCode } from "../../../skill/check-code.ts";
import { checkSchema } from "../../../skill/check-schema.ts";
import type { SkillLanguage } from "../../../skill/skill.ts";

/** What of a draft is checked. */
export interface CheckedParts {
  readonly code?: string | undefined;
  readonly language: SkillLanguage;
  readonly input?: JsonObject | boolean | undefined;
  readonly output?: JsonObject | boolean | undefined;
}

/** What came of it: nothing wrong and the JavaScript to run, or every issue. */
export interface StructureReport {
  readonly program?: string | undefined;
  /** Tells programs that do the same; see `code-fingerprint.ts`. */
  readonly fingerprint?: string | undefined;
  readonly issues: readonly Issue[];
}

export async function checkDraft({
  code,
  language,
  input,
  output,
}: CheckedParts): Promise<StructureReport> {
  const checkedCode = code === undefined ? undefined : await checkCode(code, language);
  const issues = [
    ...(checkedCode === undefined || checkedCode.ok ? [] : checkedCode.issues),
    ...(input === undefined ? [] : await checkSchema("input", input)),
    ...(output === undefined ? [] : await checkSchema("output", output)),
  ];
  if (checkedCode?.ok !== true) return { issues };
  return { issues, program: checkedCode.program, fingerprint: checkedCode.fingerprint };
}
