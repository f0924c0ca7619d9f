/**
 * Feeds one GeoJSON source: collects what changed, pushes at most when asked, never queues behind a
 * push that still runs. Under a third changed goes as a difference, else the whole collection is set
 * (measured: the difference is slower when everything moves).
 */
import type { GeoJSONSourceDiff } from "maplibre-gl";

const GIVE_UP_AFTER_MS = 15_000;

export interface FedSource {
  setData(data: GeoJSON.FeatureCollection): Promise<void>;
  updateData(diff: GeoJSONSourceDiff): Promise<void>;
}

export class SourceFeed {
  readonly #source: FedSource;
  readonly #features = new Map<string, GeoJSON.Feature>();
  readonly #shown = new Map<string, string>();
  readonly #pending = new Set<string>();
  /** When the push that runs was begun, milliseconds; null when none runs. */
  #busySince: number | null = null;
  #whole = true;

  constructor(source: FedSource) {
    this.#source = source;
  }

  /** Notes what a feature looks like now; null takes it away. What looks as before costs nothing.
   *
   * @param said tells one look from another where that is shorter than the whole feature.
   */
  put(id: string, feature: GeoJSON.Feature | null, said?: string): void {
    const look = feature === null ? "" : (said ?? JSON.stringify(feature));
    if (look === (this.#shown.get(id) ?? "")) return;
    if (feature === null) {
      this.#features.delete(id);
      this.#shown.delete(id);
    } else {
      this.#features.set(id, feature);
      this.#shown.set(id, look);
    }
    this.#pending.add(id);
  }

  /** Takes away every feature whose id is not in `ids`. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of [...this.#features.keys()]) if (!ids.has(id)) this.put(id, null);
  }

  /** Pushes what is pending, unless a push still runs: then it waits for the next call. */
  async flush(): Promise<void> {
    if (this.#pending.size === 0) return;
    const begun = Date.now();
    if (this.#busySince !== null) {
      // A worker that died must not freeze the marks: give it up and set everything anew.
      if (begun - this.#busySince < GIVE_UP_AFTER_MS) return;
      this.#whole = true;
    }
    const changed = [...this.#pending];
    this.#pending.clear();
    this.#busySince = begun;
    try {
      if (this.#whole || changed.length * 3 > this.#features.size) {
        await this.#source.setData({ type: "FeatureCollection", features: [...this.#features.values()] });
      } else {
        const add = changed.flatMap((id) => this.#features.get(id) ?? []);
        await this.#source.updateData({ remove: changed.filter((id) => !this.#features.has(id)), add });
      }
      this.#whole = false;
    } catch {
      // The source may have been rebuilt under us: set it whole next time.
      this.#whole = true;
      for (const id of changed) this.#pending.add(id);
    } finally {
      if (this.#busySince === begun) this.#busySince = null;
    }
  }
}
