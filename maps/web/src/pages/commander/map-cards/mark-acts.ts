/** What people do about marked places; the stream tells what became of it. */

import { faultWords } from "../../../widgets/load-states.tsx";
import { openQuestion } from "../../../widgets/question.ts";
import { call } from "../../../wire/calls.ts";
import type { Mark } from "../../../wire/documents.ts";
import { nothing, object, text } from "../../../wire/parser.ts";
import { t, type Words } from "../../../words/index.ts";
import { markedId } from "../desk/marks.ts";
import { awaitingPlace, notify } from "../desk/selection.ts";

const TARGETS = ["vessel", "person", "vehicle"] as const;
const CATEGORIES = [
  "drugs",
  "precursors",
  "human_trafficking",
  "migrant_smuggling",
  "timber",
  "wildlife",
  "hazardous_waste",
  "ozone_depleting",
  "other",
] as const;
const NAME_MOST = 100;
const WORDS_MOST = 2000;

function path(mark: Mark, act = ""): string {
  return `/api/marks/${encodeURIComponent(mark.id)}${act}`;
}

async function send(failed: Words, method: string, where: string, body?: unknown): Promise<void> {
  try {
    await call(method, where, nothing, body);
  } catch (fault) {
    notify(`${t(failed)} ${faultWords(fault)}`, true);
  }
}

export function makeHazard(mark: Mark): void {
  void send("mark.not_changed", "PATCH", path(mark), { use: "hazard" });
}

export function endMark(mark: Mark): void {
  openQuestion.value = {
    title: t("mark.end_title"),
    about: mark.name,
    label: null,
    needed: false,
    most: 0,
    button: "mark.end",
    failed: "mark.not_ended",
    act: () => call("POST", path(mark, "/end"), nothing),
  };
}

export function makeTarget(mark: Mark): void {
  openQuestion.value = {
    title: t("mark.target_title"),
    about: mark.name,
    label: null,
    needed: false,
    most: 0,
    button: "mark.target",
    failed: "mark.not_target",
    choice: { label: "mark.target_what", options: TARGETS.map((value) => ({ value, words: t(`target.${value}`) })) },
    act: async (_words, _minutes, what) => {
      await call("POST", path(mark, "/target"), nothing, { what });
      notify(t("mark.is_target", { name: mark.name }));
    },
  };
}

export function logIncident(mark: Mark): void {
  openQuestion.value = {
    title: t("mark.incident_title"),
    about: mark.name,
    label: "mark.incident_words",
    needed: false,
    most: WORDS_MOST,
    button: "mark.incident",
    failed: "mark.not_incident",
    choice: {
      label: "mark.incident_what",
      options: CATEGORIES.map((value) => ({ value, words: t(`category.${value}`) })),
    },
    act: async (narrative, _minutes, category) => {
      await call("POST", path(mark, "/incident"), nothing, { category, narrative });
      notify(t("mark.is_incident", { name: mark.name }));
    },
  };
}

/** Waits for a press on the map, then asks what to call the place. */
export function markPlace(): void {
  notify(t("mark.press"));
  awaitingPlace.value = (place) => {
    awaitingPlace.value = null;
    openQuestion.value = {
      title: t("mark.new_title"),
      about: t("mark.new_what"),
      label: "mark.name",
      needed: true,
      most: NAME_MOST,
      button: "mark.new",
      failed: "mark.not_made",
      choice: {
        label: "mark.use",
        options: (["place", "hazard", "meeting_point", "waypoint"] as const).map((value) => ({
          value,
          words: t(`mark.use.${value}`),
        })),
      },
      act: async (name, _minutes, use) => {
        const created = await call(
          "POST",
          "/api/marks",
          object({
            id: text,
          }),
          {
            name: name.replaceAll("\n", " "),
            use,
            ...place,
          },
        );
        markedId.value = created?.id ?? "";
      },
    };
  };
}
