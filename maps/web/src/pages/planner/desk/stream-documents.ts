/** What is new while plans are made: documents and units of the live stream, without the tracks of the live map. */
import { batch, signal } from "@preact/signals";
import { type LiveStatus, LiveStream } from "../../../live/live.ts";
import { Picture } from "../../../live/picture.ts";
import { plainList } from "../../../live/plain-list.ts";
import { noteServerTime } from "../../../session/clock.ts";
import { noteBuild, noteFailure, noteFaults } from "../../../session/page-faults.ts";
import type { OfficeDocument } from "../../../wire/documents.ts";
import type { Change, Snapshot } from "../../../wire/stream.ts";
import type { UnitState } from "../../../wire/units.ts";

/** The picture keeps no past worth the name: this page draws no tracks. */
const KEPT_HOURS = 0.1;

const picture = new Picture(KEPT_HOURS);
/** Documents that are not over, as far as this person may see them; null until the first snapshot. */
export const documents = signal<readonly OfficeDocument[] | null>(null);
/** Registered units, as far as they may be seen; null until the first snapshot. */
export const units = signal<readonly UnitState[] | null>(null);
export const newsStatus = signal<LiveStatus>({
  open: false,
  stale: false,
  heardAt: null,
  retryAt: null,
  refused: null,
});
/** Counts what came of documents, ended ones too: whoever lists documents looks again when it changes. */
export const documentNews = signal(0);

export const news = new LiveStream({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`,
  receiver: {
    said: plainList.hear,
    tended: plainList.tended,
    faults: noteFaults,
    snapshot: (frame: Snapshot) => {
      noteBuild(frame.build);
      picture.replace(frame);
      publish(true, true, true);
    },
    change: (frame: Change) => {
      const touched = picture.apply(frame);
      publish(
        touched.documents || (frame.papers ?? []).length > 0,
        touched.documents,
        (frame.units ?? []).length > 0 || (frame.forget ?? []).length > 0,
      );
    },
    serverTime: noteServerTime,
    status: (status) => {
      newsStatus.value = status;
    },
  },
});

/**
 * Tells the page what is new. The frame is in the picture by now: what fails to show it is told of, and holds up
 * nothing.
 */
function publish(news: boolean, ofDocuments: boolean, ofUnits: boolean): void {
  try {
    batch(() => {
      if (news) documentNews.value = documentNews.peek() + 1;
      if (ofDocuments) documents.value = [...picture.documents.values()];
      if (ofUnits) units.value = known();
    });
  } catch (error) {
    noteFailure("show", error);
  }
}

function known(): UnitState[] {
  return [...picture.units.values()].filter((unit) => unit.known !== false);
}
