import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";

export function skillNotFound(id: string, version?: number): RepertoireError {
  const what =
    version === undefined
      ? `There is no skill ${preview(id)}`
      : `There is no version ${version} of skill ${preview(id)}`;
  return new RepertoireError("SKILL_NOT_FOUND", `${what}; search or list the library for its id`, {
    details: { skillId: id, version },
  });
}
