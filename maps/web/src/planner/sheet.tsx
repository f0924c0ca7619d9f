/** The sheet of a phone: three stops, by finger, by press, by arrow keys. */
import type { ComponentChildren, JSX } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { sheetStop, STOPS } from "./frame-state.ts";

const PEEK_PX = 112;
const HEAD_PX = 52;

export function Sheet({ children }: { children: ComponentChildren }): JSX.Element {
  const start = useRef<{ y: number; height: number } | null>(null);
  const sheet = useRef<HTMLElement>(null);
  const step = (by: number): void => {
    sheetStop.value = STOPS[Math.max(0, Math.min(2, STOPS.indexOf(sheetStop.value) + by))] ?? "peek";
  };
  const release = (event: PointerEvent): void => {
    const from = start.current;
    start.current = null;
    if (from === null || sheet.current === null) return;
    sheet.current.style.height = "";
    const moved = from.y - event.clientY;
    if (Math.abs(moved) < 6) return step(sheetStop.value === "full" ? -2 : 1);
    const away = [PEEK_PX, innerHeight * 0.5, innerHeight - HEAD_PX].map((each) => Math.abs(each - from.height - moved));
    sheetStop.value = STOPS[away.indexOf(Math.min(...away))] ?? "half";
  };
  return (
    <section class="sheet" data-stop={sheetStop.value} ref={sheet} aria-label={t("planner.panel")}>
      <button class="sheet-handle" aria-label={t("sheet.handle", { stop: t(`sheet.${sheetStop.value}`) })}
        onKeyDown={(event) => {
          if (event.key === "ArrowUp") step(1);
          else if (event.key === "ArrowDown") step(-1);
          else if (event.key === "Enter" || event.key === " ") step(sheetStop.value === "full" ? -2 : 1);
          else return;
          event.preventDefault();
        }}
        onPointerDown={(event) => { start.current = { y: event.clientY, height: sheet.current?.offsetHeight ?? 0 }; event.currentTarget.setPointerCapture(event.pointerId); }}
        onPointerMove={(event) => { if (start.current && sheet.current) sheet.current.style.height = `${start.current.height + start.current.y - event.clientY}px`; }}
        onPointerUp={release} onPointerCancel={release}><i /></button>
      {children}
    </section>
  );
}
