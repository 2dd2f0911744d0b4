/**
 * English words that say nothing about what a skill does: articles, pronouns, auxiliaries,
 * prepositions and the phrases of a polite request. Apostrophes are gone by the time words are looked
 * up here, hence "dont".
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about am an and any anybody anyone are arent as at be because been being both but by can cannot
  cant could couldnt did didnt do does doesnt doing dont each either else every few for from had has
  hasnt have havent having he her here hers him his how i id if ill im in into is isnt it its itself
  ive just kindly let lets may maybe me might mine must my myself need neither no nor not of on or our
  ours please shall she should shouldnt so some somebody someone something such than thank thanks that
  thats the their theirs them then there these they this those to too us very want wanted was wasnt
  we were werent what whats when where which while who whom whose why will with wont would wouldnt you
  youd your youre yours`.split(/\s+/u),
);
