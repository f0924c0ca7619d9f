/** Drafts that were left without being saved: offered to be taken up again or thrown away. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { now } from "../../../session/clock.ts";
import { readDrafts, type StoredDraft, writeDrafts } from "../../../session/drafts.ts";
import { timeZone } from "../../../session/session.ts";
import { momentWords } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { t, type Words } from "../../../words/index.ts";

export class Unsaved<T> {
  readonly #name: string;
  readonly #offered = signal<readonly StoredDraft<T>[]>([]);

  constructor(name: string) {
    this.#name = name;
  }

  /** Those that wait for a decision. */
  get offered(): ReadonlySignal<readonly StoredDraft<T>[]> {
    return this.#offered;
  }

  /**
   * Reads what was left, and keeps from now on what `current` tells (read with signals; null for nothing) beside it.
   */
  keep(fits: (what: unknown) => what is T, current: () => T | null): void {
    this.#offered.value = readDrafts(this.#name, fits);
    effect(() => {
      const what = current();
      writeDrafts(this.#name, [...(what === null ? [] : [{ at: Date.now(), what }]), ...this.#offered.value]);
    });
    // Closing the tab loses it: the browser asks before.
    addEventListener("beforeunload", (event) => {
      if (current() !== null) event.preventDefault();
    });
  }

  /** No longer offers it: it is taken up, or thrown away. */
  decide(kept: StoredDraft<T>): void {
    this.#offered.value = this.#offered.peek().filter((each) => each !== kept);
  }
}

/** What the keys do with the first offer on the screen; null while there is none. */
export const firstOffer = signal<{ take: () => void; drop: () => void } | null>(null);

/** One card for each. `words` names it; `take` brings it back into the form, and says whether it did. */
export function UnsavedOffers<T>({
  unsaved,
  words,
  take,
}: {
  unsaved: Unsaved<T>;
  words: (what: T, time: string) => string;
  take: (what: T) => boolean;
}): JSX.Element {
  const offers = unsaved.offered.value.map((kept) => ({
    kept,
    take: () => {
      if (take(kept.what)) unsaved.decide(kept);
    },
    drop: () => unsaved.decide(kept),
  }));
  const first = offers[0];
  // With the card itself, not after it is painted: who reads it may press the key at once.
  useLayoutEffect(() => {
    firstOffer.value = first ?? null;
    return () => {
      firstOffer.value = null;
    };
  }, [first?.kept]);
  const button = (key: string, label: Words, act: () => void): JSX.Element => (
    <button
      class={key === "o" ? "button primary" : "button"}
      title={t("key.tip", { words: t(label), key })}
      onClick={act}
    >
      {t(label)}
    </button>
  );
  return (
    <>
      {offers.map((offer) => {
        const offerWords = words(offer.kept.what, momentWords(offer.kept.at, now.peek(), timeZone.value));
        return (
          <section key={offer.kept.at} class="sector-ask unsaved" aria-label={offerWords}>
            <p>
              <Icon name="clock" /> {offerWords}
            </p>
            <div class="actions flat">
              {button("o", "planner.take_up", offer.take)}
              {button("x", "planner.throw_away", offer.drop)}
            </div>
          </section>
        );
      })}
    </>
  );
}
