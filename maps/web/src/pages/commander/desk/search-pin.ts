/** The place that was searched for: a pin on the map until it is cleared or another is found. */
import { computed, signal } from "@preact/signals";

export interface Pin {
  lon: number;
  lat: number;
  label: string;
}

export const pin = signal<Pin | null>(null);

export const pinFeatures = computed<GeoJSON.FeatureCollection>(() => ({
  type: "FeatureCollection",
  features:
    pin.value === null
      ? []
      : [
          {
            type: "Feature",
            properties: { label: pin.value.label },
            geometry: { type: "Point", coordinates: [pin.value.lon, pin.value.lat] },
          },
        ],
}));
