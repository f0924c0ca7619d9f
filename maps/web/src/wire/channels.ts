/** Channels, gateways and claims of radio addresses, as the server says them. */
import {
  count,
  figure,
  flag,
  listOf,
  moment,
  name,
  nullable,
  object,
  oneOf,
  optional,
  recordOf,
  text,
  type ValueOf,
} from "./parser.ts";

export const LinkState = oneOf("opening", "open", "silent", "down", "stopped");

export type LinkState = ValueOf<typeof LinkState>;

/** Why the times of a computer are doubtful: its clock was set, or radios or this office tell another time. */
export const ClockDoubt = object({
  kind: oneOf("set", "differs", "gateway"),
  /** Seconds that it was set ahead, or that others are ahead of it; negative for back or behind. */
  by_s: figure,
  at: moment,
  /** Whether the time that it was set to is used. */
  followed: optional(flag),
  radios: optional(count),
});
export type ClockDoubt = ValueOf<typeof ClockDoubt>;

/** A gateway on another computer, as it last told. */
export const GatewayHealth = object({
  gateway: text,
  told_at: moment,
  uplink: LinkState,
  uplink_fault: optional(nullable(text)),
  waiting: count,
  oldest_waiting_at: nullable(moment),
  sent: count,
  receipted: count,
  dropped: recordOf(count),
  refused: count,
  /** Damaged spool files that lie there for the technician. */
  damaged: optional(count),
  spool_fault: nullable(text),
  /** Received there and not yet on its disk. */
  inbox: optional(count),
});
export type GatewayHealth = ValueOf<typeof GatewayHealth>;

/** How one channel fares; counters run from the start of the process. */
export const ChannelHealth = object({
  name,
  url: text,
  protocols: listOf(text),
  state: LinkState,
  since: moment,
  fault: nullable(text),
  last_heard_at: nullable(moment),
  expected_interval_s: nullable(figure),
  bytes_read: count,
  frames: count,
  transmissions: count,
  junk_bytes: count,
  shed: count,
  reconnects: count,
  errors: recordOf(count),
  /** Why what is read is not kept in the journal. */
  journal_fault: optional(nullable(text)),
  /** Reads that the journal does not hold. */
  journal_missed: optional(count),
  /** For the way from a remote gateway: how it fares itself. */
  gateway: optional(nullable(GatewayHealth)),
  /** Why a computer's times are doubtful, for the one whose clock it is. */
  clock: optional(nullable(ClockDoubt)),
  /** Of the transmissions, those not yet stored. */
  inbox: optional(count),
});
export type ChannelHealth = ValueOf<typeof ChannelHealth>;

/** A second sender uses a radio address. */
export const Claim = object({
  address: name,
  channel: text,
  agency: text,
  since: moment,
  unit: optional(text),
  bound: optional(text),
  distance_m: optional(figure),
  ended: optional(flag),
});
export type Claim = ValueOf<typeof Claim>;

export const RejectedFrame = object({
  channel: text,
  heard_at: moment,
  reason: text,
  detail: text,
  hex: optional(text),
  text: optional(text),
  topic: optional(nullable(text)),
  source: optional(nullable(text)),
});
export type RejectedFrame = ValueOf<typeof RejectedFrame>;

/** Code of others that the server found: what it adds to, whether it runs, and what is wrong with it. */
export const PluginHealth = object({
  kind: oneOf("protocols", "transports", "rules", "reports", "notifications"),
  name,
  package: name,
  version: text,
  state: oneOf("not_allowed", "running", "refused", "failed", "off"),
  fault: optional(nullable(text)),
});
export type PluginHealth = ValueOf<typeof PluginHealth>;
