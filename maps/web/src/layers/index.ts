/**
 * Every layer of the map in draw order, lowest first. A new layer is one file and one line here; its switch is a line of
 * TOGGLES in layer.ts.
 */
import { basemap } from "./basemap.ts";
import { blos } from "./blos.ts";
import { borders } from "./borders.ts";
import { crowds } from "./clusters.ts";
import { countries, countryNames } from "./countries.ts";
import { crossings } from "./crossings.ts";
import { historyTracks } from "./history.ts";
import { incidents } from "./incidents.ts";
import type { MapLayer } from "./layer.ts";
import { marks } from "./marks.ts";
import { overlay } from "./overlay.ts";
import { places } from "./places.ts";
import { riverKm } from "./river-km.ts";
import { rivers } from "./rivers.ts";
import { sectors } from "./sectors.ts";
import { targets } from "./targets.ts";
import { tools } from "./tools.ts";
import { tracks } from "./tracks.ts";
import { units } from "./units.ts";

export const LAYERS: readonly MapLayer[] = [
  countries,
  basemap,
  rivers,
  sectors,
  borders,
  riverKm,
  countryNames,
  places,
  crossings,
  blos,
  overlay,
  historyTracks,
  tracks,
  targets,
  incidents,
  marks,
  crowds,
  units,
  tools,
];

/** Reference layers of the server that the map draws; their sources have these names. */
export const NEEDS: ReadonlySet<string> = new Set(LAYERS.flatMap((layer) => layer.needs));
