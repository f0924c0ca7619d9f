/**
 * Which units the map draws, and when anew: those that changed, and those whose age has come to a new word or step. Too
 * many in view are gathered; calls for help, grave alerts and the selected unit never are.
 */
import { signal } from "@preact/signals";
import type { SourceFeed } from "../../../map/source-feed.ts";
import { type Box, countWithin, GATHER_FROM, gather, isCrowded, widened, within } from "../../../symbols/clusters.ts";
import { nextLookMs, unitFeature } from "../../../symbols/unit-feature.ts";
import type { Severity } from "../../../wire/documents.ts";
import type { UnitState } from "../../../wire/units.ts";

/** With more than so many in view units stay plain dots, and tracks are left out, until one is much nearer. */
export const DENSE = 500;
/** What lies so many views beyond the edges is drawn too, so that a small move shows no gap. */
const BEYOND = 0.75;

export interface Scene {
  units: ReadonlyMap<string, UnitState>;
  /** Ids that changed since the last drawing. */
  dirty: ReadonlySet<string>;
  gravest: ReadonlyMap<string, Severity>;
  selected: string;
  box: Box;
  zoom: number;
  nowMs: number;
}

/** Units that are in view as far as it matters: 0 while there are few in all. */
export const inView = signal(0);

export class UnitDrawing {
  readonly #units: SourceFeed;
  readonly #crowds: SourceFeed;
  /** When each drawn unit looks different next; absent for one that is not drawn. */
  readonly #next = new Map<string, number>();
  #grave: ReadonlyMap<string, Severity> = new Map();
  #crowded = false;
  /** The moment that was drawn last. */
  #drawnMs = 0;
  /** The box that is drawn; null for the whole world. */
  #box: Box | null = null;

  constructor(units: SourceFeed, crowds: SourceFeed) {
    this.#units = units;
    this.#crowds = crowds;
  }

  /** Whether the view has left what is drawn, so that waiting for the next second would show a gap. */
  outgrown(box: Box): boolean {
    return (
      this.#crowded || (this.#box !== null && !(within(this.#box, box[0], box[1]) && within(this.#box, box[2], box[3])))
    );
  }

  draw(scene: Scene): void {
    const many = scene.units.size > GATHER_FROM;
    const here = scene.units.size > DENSE ? countWithin(scene.units.values(), scene.box) : 0;
    this.#crowded = many && isCrowded(here, this.#crowded);
    inView.value = here;
    // The present was put right: what was to look different later was reckoned from a wrong one.
    if (scene.nowMs < this.#drawnMs) for (const id of this.#next.keys()) this.#next.set(id, scene.nowMs);
    this.#drawnMs = scene.nowMs;
    if (this.#crowded) this.#gathered(scene);
    else this.#singly(scene, many);
    this.#grave = scene.gravest;
    void this.#units.flush();
    void this.#crowds.flush();
  }

  #gathered(scene: Scene): void {
    const alone = (unit: UnitState): boolean =>
      unit.distress === true || unit.id === scene.selected || grave(scene.gravest.get(unit.id));
    const { clusters, apart } = gather(scene.units.values(), widened(scene.box, 0.2), scene.zoom, alone);
    for (const id of apart) {
      const unit = scene.units.get(id);
      if (unit !== undefined) this.#renew(unit, scene);
    }
    this.#keepOnly(apart);
    for (const { id, lon, lat, count, state, sides } of clusters) {
      this.#crowds.put(id, {
        type: "Feature",
        properties: { count, state, sides: sides.slice(0, 3).join(" ") },
        geometry: { type: "Point", coordinates: [lon, lat] },
      });
    }
    this.#crowds.keepOnly(new Set(clusters.map((each) => each.id)));
    this.#box = scene.box;
  }

  #singly(scene: Scene, many: boolean): void {
    this.#crowds.keepOnly(new Set());
    if (!many) {
      this.#box = null;
      for (const unit of scene.units.values()) this.#renew(unit, scene);
      for (const id of this.#next.keys()) if (!scene.units.has(id)) this.#take(id);
      return;
    }
    const box = (this.#box = widened(scene.box, BEYOND));
    for (const unit of scene.units.values()) {
      const drawn =
        unit.last &&
        (within(box, unit.last.lon, unit.last.lat) || unit.distress === true || unit.id === scene.selected);
      if (drawn) this.#renew(unit, scene);
      else this.#take(unit.id);
    }
    for (const id of this.#next.keys()) if (!scene.units.has(id)) this.#take(id);
  }

  /** Puts the unit's mark anew if it may look different from what is drawn. */
  #renew(unit: UnitState, { dirty, gravest, nowMs }: Scene): void {
    const severity = gravest.get(unit.id);
    const due = this.#next.get(unit.id);
    if (due !== undefined && due > nowMs && !dirty.has(unit.id) && severity === this.#grave.get(unit.id)) return;
    this.#units.put(unit.id, unitFeature(unit, nowMs, severity ?? ""));
    this.#next.set(unit.id, nextLookMs(unit, nowMs));
  }

  #take(id: string): void {
    if (this.#next.delete(id)) this.#units.put(id, null);
  }

  #keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#next.keys()) if (!ids.has(id)) this.#take(id);
  }
}

function grave(severity: Severity | undefined): boolean {
  return severity === "sos" || severity === "high";
}
