/** Nodes of other offices: their cards, and how far this office has met them. */
import {
  count,
  figure,
  flag,
  listOf,
  moment,
  nullable,
  object,
  text,
  type ValueOf,
  withDefault,
  wordOf,
} from "./parser.ts";

export type CounterpartState = "proposed" | "compared" | "confirmed" | "revoked";

export const CardAgency = object({
  id: text,
  name: text,
  country: withDefault(text, ""),
});
export type CardAgency = ValueOf<typeof CardAgency>;

export const NodeCard = object({
  node: text,
  name: text,
  agencies: listOf(CardAgency),
  signing_key: text,
  addresses: listOf(text),
  number: count,
  at: moment,
});
export type NodeCard = ValueOf<typeof NodeCard>;

/** This node's card, to be shown: as text, and as a QR code of that text. */
export const ShownCard = object({
  signed: object({ card: NodeCard }),
  text,
  qr_svg: text,
});
export type ShownCard = ValueOf<typeof ShownCard>;

export const Counterpart = object({
  id: text,
  card: NodeCard,
  state: withDefault(wordOf<CounterpartState>(), "proposed"),
  compared_by: withDefault(text, ""),
  compared_at: withDefault(nullable(moment), null),
  confirmed_by: withDefault(text, ""),
  confirmed_at: withDefault(nullable(moment), null),
  revoked_by: withDefault(text, ""),
  revoked_at: withDefault(nullable(moment), null),
  reason: withDefault(text, ""),
});
export type Counterpart = ValueOf<typeof Counterpart>;

/** What both offices compare: twenty-four digits in groups of four. */
export const CounterpartDigits = object({ digits: text });

/** How the link to a confirmed counterpart fares. */
export const CounterpartLink = object({
  node: text,
  is_open: flag,
  since: moment,
  last_word_at: nullable(moment),
  clock: nullable(object({ difference_s: figure, error_s: figure })),
  software: text,
  fault: nullable(text),
  refused: count,
  refused_last: nullable(text),
  refused_by_them: nullable(text),
});
export type CounterpartLink = ValueOf<typeof CounterpartLink>;

/** How both logs with a counterpart stand: what each side has stored of the other's, and what waits. */
export const CounterpartLog = object({
  node: text,
  epoch: count,
  their_epoch: count,
  fork: text,
  waiting: count,
  waiting_since: nullable(moment),
  receipted: count,
  receipted_at: nullable(moment),
  held: count,
  held_at: nullable(moment),
  announced: count,
  refused_there: listOf(object({ number: count, reason: text })),
  refused_here: listOf(object({ number: count, reason: text })),
  unread_there: count,
  unread_here: count,
  head_at: nullable(moment),
});
export type CounterpartLog = ValueOf<typeof CounterpartLog>;

/** A sealed file for a counterpart: `content` as base64, `next` where another file goes on. */
export const WrittenFile = object({
  name: text,
  content: text,
  statements: count,
  next: nullable(count),
});
export type WrittenFile = ValueOf<typeof WrittenFile>;

/** What became of a counterpart's file. */
export const FileReport = object({
  node: text,
  made_at: moment,
  statements: count,
  new: count,
  held: count,
  missing_from: count,
  missing_to: count,
  refused: listOf(object({ number: count, reason: text })),
  receipted: nullable(count),
  faults: listOf(object({ place: count, reason: text })),
});
export type FileReport = ValueOf<typeof FileReport>;
