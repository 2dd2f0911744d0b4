/** Skills as readers see them: a stored version with the evidence of its runs, and who has claimed it. */
import { deepFreeze } from "../../base/json.ts";
import type { Skill, SkillClaim } from "../../skill/skill.ts";
import type { StoredVersion } from "../../store/skill-store.ts";
import type { Claims } from "./claims.ts";
import { metricsOf } from "../execution/evidence.ts";
import type { Evidence } from "../execution/evidence.ts";

type Known = Awaited<ReturnType<Evidence["of"]>>;

/** Makes views; a version is shown as the same object while nothing about it has moved. */
export function skillViews({
  evidence,
  claims,
}: {
  readonly evidence: Pick<Evidence, "of">;
  readonly claims: Pick<Claims, "of">;
}) {
  const views = new WeakMap<StoredVersion, Skill>();

  function viewWith(version: StoredVersion, known: Known, claim: SkillClaim | undefined): Skill {
    const last = views.get(version);
    if (last?.metrics === known.skill && last.claim === claim) return last;
    const { program: _, ...shown } = version;
    const view = deepFreeze({
      ...shown,
      metrics: known.skill,
      versionMetrics: metricsOf(known, version.version),
      ...(claim === undefined ? {} : { claim }),
    });
    views.set(version, view);
    return view;
  }

  /** @param isPast whether it is read as of an earlier revision: claims are of now */
  return (
    version: StoredVersion | undefined,
    isPast: boolean,
  ): Skill | undefined | Promise<Skill> => {
    if (version === undefined) return undefined;
    const known = evidence.of(version.id);
    const claim = isPast ? undefined : claims.of(version.id);
    return known instanceof Promise || claim instanceof Promise
      ? Promise.all([known, claim]).then((both) => viewWith(version, ...both))
      : viewWith(version, known, claim);
  };
}
