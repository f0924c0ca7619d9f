/** Steps of patrols that this phone took and that the server may not tell yet. Pure. */

/** What a patrol is by what was done here. */
export interface Done {
  state?: string;
  checkedAt?: number;
  /** Reports of it that are not taken yet. */
  ids: string[];
}

/** By patrol. */
export type DoneHere = Readonly<Record<string, Done>>;

/**
 * What the server knows whole before it is asked: an answer to that question counts for more. Refused steps are none.
 */
export function knownToServer(done: DoneHere, waits: (id: string) => boolean): DoneHere {
  return Object.fromEntries(Object.entries(done).filter(([, each]) => !each.ids.some(waits)));
}

/** What the answer says nothing of yet: steps that were taken since it was asked for stay. */
export function notInAnswer(done: DoneHere, told: DoneHere): DoneHere {
  const same = (one: Done, other: Done | undefined): boolean =>
    one.state === other?.state && one.checkedAt === other?.checkedAt;
  return Object.fromEntries(
    Object.entries(done).filter(([patrol, each]) => !same(each, told[patrol]) || told[patrol] === undefined),
  );
}
