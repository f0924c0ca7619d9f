/** This machine's clock as the page counts by it. */

class SteadyClock {
  #back = 0;
  #latest = 0;

  read(): number {
    const wall = Date.now();
    if (wall + this.#back < this.#latest) this.#back = this.#latest - wall;
    this.#latest = wall + this.#back;
    return this.#latest;
  }
}

const clock = new SteadyClock();

/**
 * Milliseconds of this machine's clock. Put back it goes on from where it was: nothing grows fresher, and no silence
 * shorter, than it is.
 */
export function ownMs(): number {
  return clock.read();
}
