/** Reads positions as the server packs them (maps/replay/replay_reel.py): columns of little-endian numbers. Pure. */
import { count, figure, listOf, object, oneOf, optional, text, type ValueOf } from "../../../wire/parser.ts";

/**
 * How many positions of a unit there are; and of lines along a river the number of the position at their end, then
 * their bends, longitudes and latitudes by turns.
 */
export const BlockUnit = object({
  id: text,
  count,
  bends: optional(listOf(listOf(figure))),
});
export type BlockUnit = ValueOf<typeof BlockUnit>;

/** Positions of several units, column by column. */
export interface Block {
  units: readonly BlockUnit[];
  timeMs: Float64Array;
  knownMs: Float64Array;
  lonE7: Int32Array;
  latE7: Int32Array;
  riverKm: Float32Array;
  speedCmps: Uint16Array;
  courseCdeg: Uint16Array;
  headingCdeg: Uint16Array;
  accuracyM: Uint16Array;
  flags: Uint16Array;
}

/** In a column of 16 bits: nobody said so. */
export const NONE_16 = 0xffff;
export const JUMP = 1;
export const BY_VOICE = 2;
export const CALLS = 4;

const KINDS = { "<f8": Float64Array, "<i4": Int32Array, "<f4": Float32Array, "<u2": Uint16Array } as const;

const Head = object({
  units: listOf(BlockUnit),
  columns: listOf(object({ name: text, type: oneOf("<f8", "<i4", "<f4", "<u2") })),
});

/** Throws where it is no such block. */
export function unpack(body: ArrayBuffer): Block {
  const view = new DataView(body);
  if (body.byteLength < 8 || view.getUint32(0, false) !== 0x4a505231) throw new Error("no block of positions");
  const length = view.getUint32(4, true);
  const head = Head(JSON.parse(new TextDecoder().decode(new Uint8Array(body, 8, length))));
  const count = head.units.reduce((sum, unit) => sum + unit.count, 0);
  const found = new Map<string, ArrayLike<number>>();
  let at = 8 + length;
  for (const { name, type } of head.columns) {
    const Kind = KINDS[type];
    found.set(name, new Kind(body, at, count));
    at += Math.ceil((count * Kind.BYTES_PER_ELEMENT) / 8) * 8;
  }
  const column = <T>(name: string): T => {
    const values = found.get(name);
    if (values === undefined) throw new Error(`no column ${name}`);
    return values as T;
  };
  return {
    units: head.units,
    timeMs: column("time_ms"),
    knownMs: column("known_ms"),
    lonE7: column("lon_e7"),
    latE7: column("lat_e7"),
    riverKm: column("river_km"),
    speedCmps: column("speed_cmps"),
    courseCdeg: column("course_cdeg"),
    headingCdeg: column("heading_cdeg"),
    accuracyM: column("accuracy_m"),
    flags: column("flags"),
  };
}
