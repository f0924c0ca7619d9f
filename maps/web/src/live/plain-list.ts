/** The plain list of calls for help (sos-list.ts) as the page feeds it: a script of its own, which may be missing. */

interface PlainList {
  /** Takes a frame of the stream as it came. */
  hear(text: string): void;
  /** Tells that the page follows the stream itself. */
  tended(): void;
}

export const plainList: PlainList = (globalThis as { sosList?: PlainList }).sosList ?? {
  hear: () => undefined,
  tended: () => undefined,
};
