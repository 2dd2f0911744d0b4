/** The form of a skill id: a slug, optionally behind a namespace of the same form and a slash. */
const SKILL_ID = /^(?:[a-z0-9][a-z0-9_-]{0,63}\/)?[a-z0-9][a-z0-9_-]{0,63}$/;

export const SKILL_ID_RULE =
  'lower-case letters, digits, "_" and "-", at most 64 characters, optionally after a namespace of the same form and "/"';

export function isSkillId(value: unknown): value is string {
  return typeof value === "string" && SKILL_ID.test(value);
}
