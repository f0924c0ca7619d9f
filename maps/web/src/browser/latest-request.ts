/** Tells the latest of several questions from those before it, whose answers come too late to be shown. Pure. */

export class Latest {
  #count = 0;

  /** Begins a question; the function says whether it is the latest still. */
  begin(): () => boolean {
    const mine = (this.#count += 1);
    return () => mine === this.#count;
  }

  /** No answer that is awaited now is wanted any more. */
  cancel(): void {
    this.#count += 1;
  }
}
