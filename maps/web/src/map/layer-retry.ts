/**
 * Reads reference layers again that could not be read: a page may stay open for days, and nothing else would ask again.
 */

const FIRST_MS = 10_000;
const LONGEST_MS = 600_000;

export class LayersAgain {
  readonly #read: (layer: string) => void;
  readonly #pauses = new Map<string, number>();
  readonly #waiting = new Set<string>();

  constructor(read: (layer: string) => void) {
    this.#read = read;
  }

  /** Notes that a layer could not be read; it is read again after a pause, a longer one each time. */
  failed(layer: string): void {
    if (this.#waiting.has(layer)) return;
    const pauseMs = this.#pauses.get(layer) ?? FIRST_MS;
    this.#pauses.set(layer, Math.min(LONGEST_MS, 2 * pauseMs));
    this.#waiting.add(layer);
    setTimeout(() => {
      this.#waiting.delete(layer);
      this.#read(layer);
    }, pauseMs);
  }
}
