import { openLibrary, RepertoireError } from "../../src/index.ts";
import type { Contender, Counted } from "./counting-store.ts";
import { FIRST } from "./counting-store.ts";

const text = ({ count, by }: Counted): string => JSON.stringify({ count, by });

export const ownLibrary: Contender = {
  name: "repertoire",
  use: "get; add with expectedVersion; when refused, again",
  isOnDisk: true,
  async open(path) {
    const library = await openLibrary({ path, embedder: false });
    const add = (id: string, content: Counted, expectedVersion: number): Promise<unknown> =>
      library.add(
        { id, name: id, description: "Counts.", instructions: text(content) },
        { expectedVersion },
      );
    return {
      async read(skill) {
        const { instructions = "", version } = (await library.get(skill)) ?? {};
        return { ...(JSON.parse(instructions) as Counted), ...(version ? { version } : {}) };
      },
      async write(skill, { count, version = 0 }, by) {
        try {
          await add(skill, { count: count + 1, by }, version);
          return true;
        } catch (error) {
          if (error instanceof RepertoireError && error.code === "VERSION_CONFLICT") return false;
          throw error;
        }
      },
      async add(id) {
        await add(id, FIRST, 0);
      },
      async present(ids) {
        const found = await Promise.all(ids.map((id) => library.get(id)));
        return ids.filter((_, at) => found[at] !== null && found[at] !== undefined);
      },
      close: () => library.close(),
    };
  },
};
