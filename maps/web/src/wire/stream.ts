/** Frames of the live stream (patrol/units/wire.py). */
import type { ChannelHealth, Claim } from "./channels.ts";
import type { OfficeDocument } from "./documents.ts";
import type { Fix, UnitState } from "./units.ts";

export interface Snapshot {
  type: "snapshot";
  stream: string;
  seq: number;
  time: string;
  /** Which build of the pages the server has; absent or empty where it has none. */
  build?: string;
  units: UnitState[];
  channels?: ChannelHealth[];
  claims?: Claim[];
  papers?: OfficeDocument[];
}

/** Several things of one kind: the names of the fields that differ, then a row for each; null is as good as absent. */
export interface Table {
  rows: [string[], ...unknown[][]];
  /** Fields that are the same for all. */
  same?: Record<string, unknown>;
}

/**
 * Positions: fields of `Fix`, but `time` is seconds since the second of the change's own, and `places` has the
 * addresses of some.
 */
export interface FixTable extends Table {
  /** `nth` is the number of the position that each belongs to, from 0. */
  places?: Table;
}

export interface Change {
  type: "change";
  seq: number;
  time: string;
  fixes?: Fix[];
  /** Positions of senders of which several joined at once; live.ts puts them among the others. */
  tables?: FixTable[];
  units?: UnitState[];
  forget?: string[];
  channels?: ChannelHealth[];
  claims?: Claim[];
  papers?: OfficeDocument[];
}

export interface Beat {
  type: "beat";
  seq: number;
  time: string;
}

export type LiveFrame = Snapshot | Change | Beat;
