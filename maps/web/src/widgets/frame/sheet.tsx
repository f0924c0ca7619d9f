/** The sheet of a phone: three stops, by finger, by press, by arrow keys. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../../words/index.ts";

export type Stop = "peek" | "half" | "full";
const STOPS: readonly Stop[] = ["peek", "half", "full"];
const PEEK_PX = 112;
/** A finger that moved less has pressed. */
const LEAST_PX = 6;

/** @param label is spoken; `stop` says where it stands, and changes when somebody moves it. */
export function Sheet({
  label,
  stop,
  children,
}: {
  label: string;
  stop: Signal<Stop>;
  children: ComponentChildren;
}): JSX.Element {
  const start = useRef<{ y: number; height: number } | null>(null);
  const sheet = useRef<HTMLElement>(null);
  const step = (by: number): void => {
    stop.value = STOPS[Math.max(0, Math.min(2, STOPS.indexOf(stop.value) + by))] ?? "peek";
  };
  const pressed = (): void => step(stop.value === "full" ? -2 : 1);
  const release = (event: PointerEvent): void => {
    const from = start.current;
    start.current = null;
    if (from === null || sheet.current === null) return;
    sheet.current.style.height = "";
    const moved = from.y - event.clientY;
    if (Math.abs(moved) < LEAST_PX) return pressed();
    // What stays over a full sheet is as high as the page's strip.
    const strip = Number.parseFloat(getComputedStyle(sheet.current).getPropertyValue("--strip")) || 0;
    const away = [PEEK_PX, innerHeight * 0.5, innerHeight - strip].map((each) => Math.abs(each - from.height - moved));
    stop.value = STOPS[away.indexOf(Math.min(...away))] ?? "half";
  };
  return (
    <section class="sheet" data-stop={stop.value} ref={sheet} aria-label={label}>
      <button
        class="sheet-handle"
        aria-label={t("sheet.handle", { stop: t(`sheet.${stop.value}`) })}
        onKeyDown={(event) => {
          if (event.key === "ArrowUp") step(1);
          else if (event.key === "ArrowDown") step(-1);
          else if (event.key === "Enter" || event.key === " ") pressed();
          else return;
          event.preventDefault();
        }}
        onPointerDown={(event) => {
          start.current = { y: event.clientY, height: sheet.current?.offsetHeight ?? 0 };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (start.current && sheet.current)
            sheet.current.style.height = `${start.current.height + start.current.y - event.clientY}px`;
        }}
        onPointerUp={release}
        onPointerCancel={release}
      >
        <i />
      </button>
      {children}
    </section>
  );
}
