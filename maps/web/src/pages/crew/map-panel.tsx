/** The map tab: where this phone is, in its sector, with no network. */
import { effect, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { coordinateFormat, palette } from "../../browser/preferences.ts";
import { coordinateWords } from "../../geo/coordinates.ts";
import { clock, moment } from "../../phone/server-clock.ts";
import { ageWords } from "../../session/times.ts";
import { Icon } from "../../widgets/icons.tsx";
import { t } from "../../words/index.ts";
import { BUTTONS, draw, type Scene } from "./drawing.ts";
import { crew, ground, track } from "./outbox/crew.ts";
import { fitted, type MapView, metresToEdge, moved, type Size, within, zoomed } from "./outbox/map-view.ts";
import { type Fix, fix } from "./outbox/position.ts";
import { sunlightMode } from "./outbox/sunlight-mode.ts";

const FRESH_S = 60;

/** What is shown; null until there is a place to show. It follows the phone until a finger moves it. */
const view = signal<MapView | null>(null);
const follows = signal(true);

export function MapPanel(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => drawing(canvas.current as HTMLCanvasElement), []);
  const zoom = (factor: number): void => {
    if (view.peek() !== null) view.value = zoomed(view.peek() as MapView, factor);
  };
  return (
    <section class="map-panel" aria-label={t("crew.map")}>
      <div class="map-window">
        <canvas ref={canvas} role="img" aria-label={t("crew.map.label")} />
        <div class="map-buttons">
          <button class="big" aria-label={t("crew.map.nearer")} onClick={() => zoom(0.5)}>
            <Icon name="plus" />
          </button>
          <button class="big" aria-label={t("crew.map.farther")} onClick={() => zoom(2)}>
            <Icon name="minus" />
          </button>
          <button
            class="big"
            aria-label={t("crew.map.here")}
            aria-pressed={follows.value}
            onClick={() => {
              follows.value = true;
            }}
          >
            <Icon name="target" />
          </button>
        </div>
        {ground.value === null && <p class="map-note">{t("crew.map.none")}</p>}
      </div>
      <PlaceWords />
    </section>
  );
}

/** The same in words, for who cannot see the map and for the radio. */
function PlaceWords(): JSX.Element {
  const here = fix.value;
  if (here === null) return <p class="place-words">{t("crew.place.none")}</p>;
  return (
    <div class="place-words num">
      <p>{coordinateWords(here.lon, here.lat, coordinateFormat.value)}</p>
      <p class="dim">
        {t("crew.place.accuracy", {
          m: Math.round(here.accuracy_m ?? 0),
          age: ageWords((clock.value - moment(here.at)) / 1000),
        })}
        {here.speed_mps !== undefined &&
          ` · ${t("speed", { kmh: Math.round(here.speed_mps * 3.6), knots: Math.round(here.speed_mps * 1.944) })}`}
      </p>
      {sectorWords(here).map((words) => (
        <p key={words}>{words}</p>
      ))}
    </div>
  );
}

function sectorWords(here: Fix): string[] {
  return (crew.value?.sectors ?? [])
    .filter((each) => each.use === "patrol")
    .map((sector) => {
      const metres = metresToEdge(sector.polygon, here.lon, here.lat);
      const far =
        metres < 1000
          ? t("metres", { number: Math.round(metres / 10) * 10 })
          : t("metres.km", { number: (metres / 1000).toFixed(1) });
      return t(within(sector.polygon, here.lon, here.lat) ? "crew.sector.in" : "crew.sector.out", {
        name: sector.name,
        far,
      });
    });
}

function scene(): Scene {
  const here = fix.value;
  return {
    ground: ground.value,
    sectors: crew.value?.sectors ?? [],
    track: track.value,
    here: here === null ? null : { ...here, fresh: (Date.now() - here.at) / 1000 < FRESH_S },
  };
}

/** The first view: the sectors and the phone in them, else about the phone, else the ground. */
function firstView(size: Size): MapView | null {
  const here = fix.peek();
  const points = (crew.peek()?.sectors ?? [])
    .filter((each) => each.use === "patrol")
    .flatMap((each) => each.polygon[0] ?? []);
  const shown = besideButtons(points, size);
  if (here !== null) return { lon: here.lon, lat: here.lat, metresPerPixel: Math.min(shown?.metresPerPixel ?? 10, 40) };
  if (shown !== null) return shown;
  const lines = (ground.peek()?.features ?? []).filter((each) => each.properties?.["layer"] === "mekong");
  return besideButtons(
    lines.flatMap((each) => (each.geometry.type === "LineString" ? each.geometry.coordinates : [])),
    size,
  );
}

/** The view that shows all of these, none of it under the buttons. */
function besideButtons(points: readonly GeoJSON.Position[], size: Size): MapView | null {
  const shown = fitted(points, { ...size, width: size.width - BUTTONS.width });
  return shown && moved(shown, -BUTTONS.width / 2, 0);
}

/** Keeps the canvas drawn and moves it with a finger; returns how to end that. */
function drawing(canvas: HTMLCanvasElement): () => void {
  const size = signal<Size>({ width: 0, height: 0 });
  const watch = new ResizeObserver(() => {
    size.value = { width: canvas.clientWidth, height: canvas.clientHeight };
  });
  watch.observe(canvas);
  let frame = 0;
  const words = (metres: number): string =>
    metres < 1000 ? t("metres", { number: metres }) : t("metres.km", { number: metres / 1000 });
  const stop = effect(() => {
    const [now, here] = [size.value, fix.value];
    void [palette.value, sunlightMode.value, ground.value, crew.value, track.value];
    if (now.width === 0) return;
    const currentView = view.value ?? firstView(now);
    const centred =
      currentView !== null && follows.value && here !== null
        ? { ...currentView, lon: here.lon, lat: here.lat }
        : currentView;
    if (centred === null) return;
    if (view.value === null || follows.value) view.value = same(view.peek(), centred) ? view.peek() : centred;
    const currentScene = scene();
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => draw(canvas, now, centred, currentScene, words));
  });
  const unhand = hands(canvas);
  return () => {
    stop();
    unhand();
    watch.disconnect();
    cancelAnimationFrame(frame);
  };
}

function same(a: MapView | null, b: MapView): boolean {
  return a !== null && a.lon === b.lon && a.lat === b.lat && a.metresPerPixel === b.metresPerPixel;
}

/** One finger moves, two zoom. */
function hands(canvas: HTMLCanvasElement): () => void {
  const down = new Map<number, PointerEvent>();
  const spread = (): number => {
    const [a, b] = [...down.values()];
    return a && b ? Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) : 0;
  };
  const press = (event: PointerEvent): void => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event);
  };
  const move = (event: PointerEvent): void => {
    const before = down.get(event.pointerId);
    const now = view.peek();
    if (before === undefined || now === null) return;
    const wide = spread();
    down.set(event.pointerId, event);
    follows.value = false;
    const shifted = down.size === 1 ? moved(now, event.clientX - before.clientX, event.clientY - before.clientY) : now;
    view.value = down.size === 2 && wide > 0 && spread() > 0 ? zoomed(shifted, wide / spread()) : shifted;
  };
  const lift = (event: PointerEvent): void => void down.delete(event.pointerId);
  canvas.addEventListener("pointerdown", press);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  return () => {
    canvas.removeEventListener("pointerdown", press);
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", lift);
    canvas.removeEventListener("pointercancel", lift);
  };
}
