/**
 * Parsers of what the server says: each takes a value of which nothing is known and returns it with its type, or throws
 * a `Misfit` that names the field. Fields that a parser does not know are let be. Pure.
 */

/** Takes a value of which nothing is known. */
export type Parser<T> = (value: unknown) => T;

/** What a parser returns. */
export type ValueOf<P> = P extends (value: unknown) => infer T ? T : never;

/** The parser of a field that may be absent; null is as good as absent unless the field itself may be null. */
export interface OptionalParser<T> extends Parser<T | undefined> {
  readonly isOptional: true;
}

interface NullableParser<T> extends Parser<T | null> {
  readonly isNullable: true;
}

interface DefaultParser<T> extends Parser<T> {
  readonly hasDefault: true;
}

export type Fields = Readonly<Record<string, Parser<unknown>>>;

type OptionalKey<F> = { [K in keyof F]: F[K] extends { isOptional: true } ? K : never }[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };
type ObjectOf<F> = Flat<
  { [K in Exclude<keyof F, OptionalKey<F>>]: ValueOf<F[K]> } & {
    [K in OptionalKey<F>]?: Exclude<ValueOf<F[K]>, undefined>;
  }
>;

export interface ObjectParser<F extends Fields> extends Parser<ObjectOf<F>> {
  readonly fields: F;
}

/** A value that is not what was expected, and where it stands. */
export class Misfit extends Error {
  /** From the outermost field to the one at fault; numbers count from 0. */
  readonly path: string[] = [];
  readonly expected: string;

  constructor(expected: string) {
    super(`${expected} expected`);
    this.name = "Misfit";
    this.expected = expected;
  }
}

/** What a calendar can show: a computer whose clock died tells 1970. */
const [EARLIEST_MS, LATEST_MS] = [Date.UTC(1900, 0), Date.UTC(2200, 0)];

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && value >= least && value <= most;
}

/** The value where `isSo` holds of it. */
// @__NO_SIDE_EFFECTS__
function checked<T>(expected: string, isSo: (value: unknown) => boolean): Parser<T> {
  return (value) => {
    if (isSo(value)) return value as T;
    throw new Misfit(expected);
  };
}

export const text = checked<string>("text", (value) => typeof value === "string");
export const name = checked<string>("a name", (value) => typeof value === "string" && value !== "");
export const flag = checked<boolean>("true or false", (value) => typeof value === "boolean");
export const figure = checked<number>("a number", Number.isFinite);
export const count = checked<number>(
  "a whole number from 0",
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
export const lon = checked<number>("a longitude", (value) => isWithin(value, -180, 180));
export const lat = checked<number>("a latitude", (value) => isWithin(value, -90, 90));
/** A time with date, as text. */
export const moment = checked<string>(
  "a time",
  (value) => typeof value === "string" && isWithin(Date.parse(value), EARLIEST_MS, LATEST_MS),
);
/** Whatever there is. */
export const anything: Parser<unknown> = (value) => value;
/** An answer that nobody reads. */
export const nothing: Parser<void> = () => undefined;

// @__NO_SIDE_EFFECTS__
export function oneOf<const W extends readonly (string | number | boolean)[]>(...words: W): Parser<W[number]> {
  return checked(words.join(" or "), (value) => (words as readonly unknown[]).includes(value));
}

/**
 * Any text, by the type of the words that this page knows: a server newer than the page may say others, and what is
 * shown of them is the business of who shows it.
 */
// @__NO_SIDE_EFFECTS__
export function wordOf<W extends string>(): Parser<W> {
  return text as Parser<W>;
}

// @__NO_SIDE_EFFECTS__
export function nullable<T>(parser: Parser<T>): NullableParser<T> {
  const parse = (value: unknown): T | null => (value === null || value === undefined ? null : parser(value));
  return Object.assign(parse, { isNullable: true as const });
}

// @__NO_SIDE_EFFECTS__
export function optional<T>(parser: Parser<T>): OptionalParser<T> {
  const keepsNull = "isNullable" in parser;
  const parse = (value: unknown): T | undefined =>
    value === undefined || (value === null && !keepsNull) ? undefined : parser(value);
  return Object.assign(parse, { isOptional: true as const });
}

/** For a field that the server leaves out where it has its default. */
// @__NO_SIDE_EFFECTS__
export function withDefault<T>(parser: Parser<T>, fallback: NoInfer<T>): DefaultParser<T> {
  const parse = (value: unknown): T => (value === undefined || value === null ? fallback : parser(value));
  return Object.assign(parse, { hasDefault: true as const });
}

// @__NO_SIDE_EFFECTS__
export function listOf<T>(parser: Parser<T>): Parser<T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new Misfit("a list");
    let list: unknown[] = value;
    for (let i = 0; i < value.length; i += 1) {
      const item = at(String(i), parser, value[i]);
      if (item === value[i]) continue;
      if (list === value) list = [...value];
      list[i] = item;
    }
    return list as T[];
  };
}

/** An object of which the names are not known before, all values of one kind. */
// @__NO_SIDE_EFFECTS__
export function recordOf<T>(parser: Parser<T>): Parser<Record<string, T>> {
  return (value) => {
    if (!isRecord(value)) throw new Misfit("an object");
    let record = value;
    for (const key of Object.keys(value)) {
      const item = at(key, parser, value[key]);
      if (item === value[key]) continue;
      if (record === value) record = { ...value };
      record[key] = item;
    }
    return record as Record<string, T>;
  };
}

// @__NO_SIDE_EFFECTS__
export function tuple<P extends readonly Parser<unknown>[]>(
  ...parsers: P
): Parser<{ -readonly [I in keyof P]: ValueOf<P[I]> }> {
  return (value) => {
    if (!Array.isArray(value) || value.length < parsers.length) throw new Misfit(`a list of ${parsers.length}`);
    parsers.forEach((parser, i) => void at(String(i), parser, value[i]));
    return value as { -readonly [I in keyof P]: ValueOf<P[I]> };
  };
}

/** The very object where all is well with it, so that thousands are not copied. */
// @__NO_SIDE_EFFECTS__
export function object<F extends Fields>(fields: F): ObjectParser<F> {
  const names = Object.keys(fields);
  const parse = (value: unknown): ObjectOf<F> => {
    if (!isRecord(value)) throw new Misfit("an object");
    let record = value;
    for (const key of names) {
      const was = value[key];
      const is = at(key, fields[key] as Parser<unknown>, was);
      if (is === was) continue;
      if (record === value) record = { ...value };
      if (is === undefined) delete record[key];
      else record[key] = is;
    }
    return record as ObjectOf<F>;
  };
  return Object.assign(parse, { fields });
}

/** The first of the parsers that takes the value. */
// @__NO_SIDE_EFFECTS__
export function eitherOf<P extends readonly Parser<unknown>[]>(...parsers: P): Parser<ValueOf<P[number]>> {
  return (value) => {
    let fault: unknown;
    for (const parser of parsers) {
      try {
        return parser(value) as ValueOf<P[number]>;
      } catch (caught) {
        fault ??= caught;
      }
    }
    throw fault;
  };
}

function at<T>(key: string, parser: Parser<T>, value: unknown): T {
  try {
    return parser(value);
  } catch (fault) {
    if (fault instanceof Misfit) fault.path.unshift(key);
    throw fault;
  }
}
