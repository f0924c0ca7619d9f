/** What is new while plans are made: papers and units of the live stream, without the tracks of the live map. */
import { signal } from "@preact/signals";
import { hearServerTime } from "../clock.ts";
import type { Change, Snapshot, UnitState } from "../contract.ts";
import { LiveStream, type LiveStatus } from "../live.ts";
import type { Paper } from "../papers.ts";
import { Picture } from "../picture.ts";

/** The picture keeps no past worth the name: this page draws no tracks. */
const KEPT_HOURS = 0.1;

const picture = new Picture(KEPT_HOURS);
/** Papers that are not over, as far as this person may see them; null until the first snapshot. */
export const papers = signal<readonly Paper[] | null>(null);
/** Registered units, as far as they may be seen; null until the first snapshot. */
export const units = signal<readonly UnitState[] | null>(null);
export const newsStatus = signal<LiveStatus>({ open: false, stale: false, heardAt: null, retryAt: null, refused: null });
/** Counts what came of papers, ended ones too: whoever lists papers looks again when it changes. */
export const paperNews = signal(0);

export const news = new LiveStream({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`,
  receiver: {
    snapshot: (frame: Snapshot) => {
      picture.replace(frame);
      paperNews.value = paperNews.peek() + 1;
      publish();
    },
    change: (frame: Change) => {
      const touched = picture.apply(frame);
      if (touched.papers || (frame.papers ?? []).length > 0) paperNews.value = paperNews.peek() + 1;
      if (touched.papers) papers.value = [...picture.papers.values()];
      if ((frame.units ?? []).length > 0 || (frame.forget ?? []).length > 0) units.value = known();
    },
    serverTime: hearServerTime,
    status: (status) => {
      newsStatus.value = status;
    },
  },
});

function publish(): void {
  papers.value = [...picture.papers.values()];
  units.value = known();
}

function known(): UnitState[] {
  return [...picture.units.values()].filter((unit) => unit.known !== false);
}
