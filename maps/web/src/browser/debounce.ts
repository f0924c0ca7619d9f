/** Work that is done a while after it was asked for, once for all who asked meanwhile. Pure but for the timer. */

export class Debounce {
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Does `work` after so long; what was asked for before is not done any more. */
  restart(work: () => void, afterMs: number): void {
    this.cancel();
    this.start(work, afterMs);
  }

  /** Does `work` after so long, unless something waits already. */
  start(work: () => void, afterMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      work();
    }, afterMs);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
