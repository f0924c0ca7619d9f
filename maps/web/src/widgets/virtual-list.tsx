/** A long list of which only the rows in sight are in the page. The focus walks it with the arrow keys. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { bringFocus } from "../browser/focus.ts";

/** Rows beyond the edges that are drawn too. */
const BEYOND_PX = 300;

export interface WindowedRow {
  /** Unique in the list. */
  key: string;
  /** CSS pixels, with its border. */
  height: number;
  /** A heading takes no focus. */
  heading?: boolean;
  draw: () => ComponentChildren;
}

/** @param id is the list's; the focus comes to `before` when it walks up from the first row. */
export function Windowed({
  id,
  rows,
  before,
  children,
}: {
  id: string;
  rows: readonly WindowedRow[];
  before: string;
  children?: ComponentChildren;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const top = useSignal(0);
  const height = useSignal(900);
  const focused = useRef("");
  useEffect(() => {
    const place = box.current;
    if (place === null) return;
    const watch = new ResizeObserver(() => {
      height.value = place.clientHeight;
    });
    watch.observe(place);
    return () => watch.disconnect();
  }, []);
  const tops: number[] = [];
  const places: number[] = [];
  let [total, number] = [0, 0];
  for (const row of rows) {
    if (!row.heading) number += 1;
    places.push(number);
    tops.push(total);
    total += row.height;
  }
  const offset = list.current?.offsetTop ?? 0;
  const [from, to] = [top.value - offset - BEYOND_PX, top.value - offset + height.value + BEYOND_PX];
  const shown = rows
    .map((row, i) => ({ row, i }))
    .filter(({ row, i }) => row.key === focused.current || ((tops[i] ?? 0) + row.height > from && (tops[i] ?? 0) < to));
  const focus = (at: number): void => {
    const [place, row] = [box.current, rows[at]];
    if (place === null || row === undefined) return;
    const start = (tops[at] ?? 0) + offset;
    if (start < place.scrollTop) place.scrollTop = start;
    else if (start + row.height > place.scrollTop + place.clientHeight)
      place.scrollTop = start + row.height - place.clientHeight;
    const find = (): HTMLElement | null => list.current?.querySelector<HTMLElement>(`[data-at="${at}"] button`) ?? null;
    if (find() === null) top.value = place.scrollTop; // drawn before its turn
    bringFocus(find);
  };
  const walk = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by === 0) return;
    const at = Number((event.target as HTMLElement).closest<HTMLElement>("[data-at]")?.dataset["at"] ?? -1);
    let next = at + by;
    while (rows[next]?.heading) next += by;
    event.preventDefault();
    event.stopPropagation();
    if (next < 0) document.getElementById(before)?.focus();
    else if (next < rows.length) focus(next);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys come from the rows, which take the focus
    <div
      class="scroll"
      ref={box}
      onScroll={(event) => {
        top.value = event.currentTarget.scrollTop;
      }}
      onKeyDown={walk}
      data-walk={id}
    >
      {children}
      <ul
        class="rows windowed"
        id={id}
        ref={list}
        style={{ height: `${total}px` }}
        onFocusCapture={(event) => {
          focused.current =
            rows[Number((event.target as HTMLElement).closest<HTMLElement>("[data-at]")?.dataset["at"] ?? -1)]?.key ??
            "";
        }}
      >
        {shown.map(({ row, i }) => (
          <li
            key={row.key}
            data-at={i}
            class={row.heading ? "row-heading" : undefined}
            style={{ top: `${tops[i]}px`, height: `${row.height}px` }}
            {...(row.heading ? {} : { "aria-setsize": number, "aria-posinset": places[i] })}
          >
            {row.draw()}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Brings the focus to the first row of the list, as the arrow key in the search field does. */
export function focusFirstRow(id: string): void {
  const place = document.querySelector<HTMLElement>(`[data-walk="${id}"]`);
  if (place === null) return;
  place.scrollTop = 0;
  bringFocus(() => place.querySelector<HTMLElement>(`#${id} [data-at="0"] button, #${id} [data-at="1"] button`));
}
