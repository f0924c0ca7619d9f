/** A database of the phone: opened when it is first asked for, and anew when the browser lost or cleared it. */
import type { IDBPDatabase } from "idb";

export class Connection<S> {
  readonly #open: (lost: () => void) => Promise<IDBPDatabase<S>>;
  #opening: Promise<IDBPDatabase<S>> | null = null;

  /** @param open is given what to call when the connection is lost. */
  constructor(open: (lost: () => void) => Promise<IDBPDatabase<S>>) {
    this.#open = open;
  }

  get(): Promise<IDBPDatabase<S>> {
    this.#opening ??= this.#openAnew();
    return this.#opening;
  }

  #openAnew(): Promise<IDBPDatabase<S>> {
    const forget = (): void => {
      if (this.#opening === opened) this.#opening = null;
    };
    const opened = this.#open(forget);
    opened.catch(forget); // what failed once may go well the next time
    return opened;
  }
}
