/** Coordinates as people read them: decimal degrees or degrees, minutes, seconds. Latitude first. */
import type { CoordinateFormat } from "./preferences.ts";

export function coordinateWords(lon: number, lat: number, format: CoordinateFormat): string {
  const write = format === "dms" ? dms : decimal;
  return `${write(lat, "N", "S")} ${write(lon, "E", "W")}`;
}

function decimal(value: number, positive: string, negative: string): string {
  return `${Math.abs(value).toFixed(5)}° ${value < 0 ? negative : positive}`;
}

function dms(value: number, positive: string, negative: string): string {
  // Whole tenths of a second first, so that 59.96″ never prints as 60.0″.
  const tenths = Math.round(Math.abs(value) * 36000);
  const degrees = Math.floor(tenths / 36000);
  const minutes = Math.floor((tenths % 36000) / 600);
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return `${degrees}°${String(minutes).padStart(2, "0")}′${seconds}″ ${value < 0 ? negative : positive}`;
}

const FULL_TURN_M = 40_075_016.7;

/** Ground metres one CSS pixel covers at zoom 0 (512 px tiles) at a latitude: halves with each zoom. */
export function metresPerPixelAtZoom0(lat: number): number {
  return (FULL_TURN_M / 512) * Math.cos((lat * Math.PI) / 180);
}
