/** Coordinates as people read and write them: decimal degrees, degrees minutes seconds, MGRS. Latitude first. */
import * as brought from "mgrs";
import type { CoordinateFormat } from "../browser/preferences.ts";

/** A bundler takes the package as a module of names, Node as one thing. */
const mgrs: typeof brought = Reflect.get(brought, "default") ?? brought;
/** MGRS squares are of one metre. */
const MGRS_DIGITS = 5;
/** Beyond these latitudes MGRS has no zones. */
const MGRS_FROM = -80;
const MGRS_TO = 84;

export interface Place {
  lon: number;
  lat: number;
}

export function coordinateWords(lon: number, lat: number, format: CoordinateFormat): string {
  if (format === "mgrs" && lat >= MGRS_FROM && lat <= MGRS_TO) return mgrsWords(lon, lat);
  const write = format === "dms" ? dms : decimal;
  return `${write(lat, "N", "S")} ${write(lon, "E", "W")}`;
}

/** `47Q PB 47312 41829`: zone and band, square, easting and northing to the metre. */
function mgrsWords(lon: number, lat: number): string {
  return mgrs.forward([lon, lat], MGRS_DIGITS).replace(/^(\d{1,2}[A-Z])([A-Z]{2})(\d{5})(\d{5})$/, "$1 $2 $3 $4");
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

/** The place that coordinates in any of the three ways name; null for other words. */
export function readCoordinates(text: string): Place | null {
  const input = text.trim().toUpperCase();
  return readMgrs(input) ?? readDegrees(input);
}

function readMgrs(said: string): Place | null {
  const tight = said.replace(/[\s\u202f]/g, "");
  const found = /^(\d{1,2})([C-HJ-NP-X])([A-HJ-NP-Z]{2})(\d*)$/.exec(tight);
  if (found === null || (found[4] ?? "").length % 2 === 1 || (found[4] ?? "").length > 10) return null;
  try {
    const [lon, lat] = mgrs.toPoint(tight);
    return placed(lon, lat);
  } catch {
    return null; // letters of no square
  }
}

/** Degrees, and perhaps minutes and seconds. */
const ANGLE =
  /([-+\u2212]?\d+(?:\.\d+)?)\s*°?\s*(?:(\d+(?:\.\d+)?)\s*['′’]\s*(?:(\d+(?:\.\d+)?)\s*(?:["″”]|''|′′)\s*)?)?/.source;

function readDegrees(said: string): Place | null {
  const text = plainMarks(said);
  if (!/^[\d\s.,;:°'′’"″”NSEW+\-\u2212]+$/.test(text)) return null;
  // The hemisphere stands before each coordinate or behind each, never both.
  const one = /^[NSEW]/.test(text) ? new RegExp(`([NSEW])\\s*${ANGLE}()`, "g") : new RegExp(`()${ANGLE}([NSEW])?`, "g");
  const [first, second, ...more] = text.matchAll(one);
  if (
    first === undefined ||
    second === undefined ||
    more.length > 0 ||
    text.replace(one, "").replace(/[\s,;]/g, "") !== ""
  )
    return null;
  const [here, there] = [degreesOf(first), degreesOf(second)];
  if (here === null || there === null || (here.axis !== null && here.axis === there.axis)) return null;
  const turned =
    here.axis === "lon" ||
    there.axis === "lat" ||
    (here.axis === null && there.axis === null && Math.abs(here.value) > 90);
  return turned ? placed(here.value, there.value) : placed(there.value, here.value);
}

/** `20 16 12 N, 100 24 36 E` and `20:16:12` become degrees with their marks; `20,27 100,41` has decimal commas. */
function plainMarks(said: string): string {
  const points = /^[-\d]+,\d+[\s;]+[-\d]+,\d+$/.test(said) ? said.replaceAll(",", ".") : said;
  return points
    .replace(/(\d+)[\s:]+(\d{1,2})[\s:]+(\d{1,2}(?:\.\d+)?)(?=\s*[NSEW]|\s*[,;]|\s*$)/g, "$1°$2′$3″")
    .replace(/(\d+)[\s:]+(\d{1,2}\.\d+)(?=\s*[NSEW])/g, "$1°$2′");
}

function degreesOf(part: RegExpMatchArray): { value: number; axis: "lat" | "lon" | null } | null {
  const [, before, degrees = "0", minutes = "0", seconds = "0", behind] = part;
  const letter = before || behind || null;
  if (Number(minutes) >= 60 || Number(seconds) >= 60) return null;
  const signed = Number(degrees.replace("\u2212", "-"));
  const size = Math.abs(signed) + Number(minutes) / 60 + Number(seconds) / 3600;
  const negative = degrees.startsWith("-") || degrees.startsWith("\u2212") || letter === "S" || letter === "W";
  return {
    value: negative ? -size : size,
    axis: letter === null ? null : letter === "N" || letter === "S" ? "lat" : "lon",
  };
}

function placed(lon: number, lat: number): Place | null {
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lon, lat } : null;
}

const FULL_TURN_M = 40_075_016.7;

/** Ground metres one CSS pixel covers at zoom 0 (512 px tiles) at a latitude: halves with each zoom. */
export function metresPerPixelAtZoom0(lat: number): number {
  return (FULL_TURN_M / 512) * Math.cos((lat * Math.PI) / 180);
}
