/** Words of a live region in which a time grows: read aloud when they change, but not each second for the time. */
import type { JSX } from "preact";

const [BEGIN, END] = ["\uE000", "\uE001"];

/** Marks a time in words that `Ticking` shows. */
export function ageMark(time: string): string {
  return `${BEGIN}${time}${END}`;
}

export function LiveAge({ words }: { words: string }): JSX.Element {
  return (
    <>
      {words.split(/[\uE000\uE001]/).map((each, n) =>
        n % 2 === 0 ? (
          each
        ) : (
          <span key={n} aria-live="off">
            {each}
          </span>
        ),
      )}
    </>
  );
}
