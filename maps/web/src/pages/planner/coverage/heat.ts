/** How long ago a place was visited, in classes that a map and a legend show alike; and the table as a file. Pure. */

export type HeatClass = "fresh" | "day" | "days" | "week" | "old" | "never";
/** The freshest first. */
export const CLASSES: readonly HeatClass[] = ["fresh", "day", "days", "week", "old", "never"];
/** Hours up to which a class goes. */
const UP_TO: readonly [HeatClass, number][] = [
  ["fresh", 6],
  ["day", 24],
  ["days", 72],
  ["week", 168],
];
/** How much of the ink covers the ground: brightness tells the classes where colour cannot. */
export const INK: Record<HeatClass, number> = { fresh: 0.9, day: 0.68, days: 0.48, week: 0.3, old: 0.16, never: 0 };

/** The class of a place last seen at a time, as of another. */
export function classOf(last: string | null, asOf: number): HeatClass {
  if (last === null) return "never";
  const hours = (asOf - Date.parse(last)) / 3_600_000;
  return UP_TO.find(([, most]) => hours < most)?.[0] ?? "old";
}

/** Rows as a file that spreadsheets open: commas, quotes doubled, no cell that a spreadsheet takes for a formula. */
export function csvOf(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number): string => {
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}
