/** Locks of other packages, behind one interface. They are no dependencies: see `bench/locks.ts`. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { MODULES } from "../foreign-modules.ts";

export interface InProcessLock {
  readonly name: string;
  /** Takes the lock, and resolves to what gives it up. */
  readonly read: () => Promise<() => void>;
  readonly write: () => Promise<() => void>;
}

type Load = (name: string) => unknown;

const PEERS: readonly { readonly name: string; readonly make: (load: Load) => InProcessLock }[] = [
  { name: "rwlock", make: callbackLock },
  { name: "@rocicorp/lock", make: rocicorpLock },
  { name: "async-rwlock", make: asyncRwLock },
  { name: "async-mutex", make: asyncMutex },
];

/** Those that are installed in the folder named by REPERTOIRE_BENCH_MODULES; says which are not. */
export function peerLocks(): readonly InProcessLock[] {
  if (MODULES === undefined) {
    console.log("Other packages are left out: REPERTOIRE_BENCH_MODULES names no folder of modules");
    return [];
  }
  const load: Load = createRequire(join(MODULES, "any.js"));
  return PEERS.flatMap(({ name, make }) => {
    try {
      return [make(load)];
    } catch (error) {
      console.log(`${name} is left out: ${(error as Error).message.split("\n")[0]}`);
      return [];
    }
  });
}

function callbackLock(load: Load): InProcessLock {
  type Take = (taken: (release: () => void) => void) => void;
  const Lock = load("rwlock") as new () => { readonly readLock: Take; readonly writeLock: Take };
  const lock = new Lock();
  return {
    name: "rwlock",
    read: () => new Promise((resolve) => lock.readLock(resolve)),
    write: () => new Promise((resolve) => lock.writeLock(resolve)),
  };
}

function rocicorpLock(load: Load): InProcessLock {
  const { RWLock } = load("@rocicorp/lock") as {
    readonly RWLock: new () => Pick<InProcessLock, "read" | "write">;
  };
  const lock = new RWLock();
  return { name: "@rocicorp/lock", read: () => lock.read(), write: () => lock.write() };
}

function asyncRwLock(load: Load): InProcessLock {
  const { RWLock } = load("async-rwlock") as {
    readonly RWLock: new () => {
      readLock(): Promise<void>;
      writeLock(): Promise<void>;
      unlock(): void;
    };
  };
  const lock = new RWLock();
  const unlock = (): void => lock.unlock();
  return {
    name: "async-rwlock",
    read: () => lock.readLock().then(() => unlock),
    write: () => lock.writeLock().then(() => unlock),
  };
}

/** It has no readers: everybody is alone. */
function asyncMutex(load: Load): InProcessLock {
  const { Mutex } = load("async-mutex") as {
    readonly Mutex: new () => { acquire(): Promise<() => void> };
  };
  const mutex = new Mutex();
  const acquire = (): Promise<() => void> => mutex.acquire();
  return { name: "async-mutex (a mutex)", read: acquire, write: acquire };
}
