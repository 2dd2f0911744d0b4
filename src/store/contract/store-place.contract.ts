import { afterEach, beforeEach } from "../../testing/contract/contract-suite.ts";

interface Closable {
  close(): Promise<void>;
}

interface Disposable {
  dispose(): Promise<void>;
}

/**
 * A place of its own for each test; after it, the stores connected to it are closed and it is removed.
 *
 * @returns connects a store to the place of the test
 */
export function useStorePlace<Place extends Disposable, Store extends Closable>(
  open: () => Promise<Place>,
  connectTo: (place: Place) => Promise<Store>,
): (connectWith?: (place: Place) => Promise<Store>) => Promise<Store> {
  let place: Place;
  let opened: Store[] = [];

  beforeEach(async () => {
    opened = [];
    place = await open();
  });

  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()));
    await place.dispose();
  });

  return async (connectWith = connectTo) => {
    const store = await connectWith(place);
    opened.push(store);
    return store;
  };
}
