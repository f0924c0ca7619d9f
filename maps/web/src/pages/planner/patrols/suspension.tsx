/** That an agreement a patrol rests on is suspended: who, when, why. */
import type { JSX } from "preact";
import { agencyName } from "../../../session/agencies.ts";
import { now } from "../../../session/clock.ts";
import { ageSeconds, ageWords } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { ageMark, LiveAge } from "../../../widgets/live-age.tsx";
import type { Agreement } from "../../../wire/documents.ts";
import type { PatrolDocument } from "../../../wire/patrols.ts";
import { t } from "../../../words/index.ts";
import { documents } from "../desk/stream-documents.ts";
import { minute } from "./plan/words.ts";

export function Suspended({ patrol }: { patrol: PatrolDocument }): JSX.Element | null {
  if (patrol.suspended !== true) return null;
  const found = (documents.value ?? []).filter(
    (each): each is Agreement =>
      each.kind === "agreement" &&
      each.state === "suspended" &&
      each.agencies.some((agency) => patrol.agencies.includes(agency)),
  );
  const withheld = found.flatMap((agreement) =>
    (agreement.consents ?? []).filter((each) => !each.given).map((each) => ({ agreement, each })),
  );
  return (
    <div class="plan-notice ill" role="status">
      <Icon name="pause" />
      <div>
        <p>
          <b>{t("patrol.suspended")}</b>
        </p>
        {withheld.map(({ agreement, each }) => (
          <p key={`${agreement.id}-${each.agency}`} class="num">
            <LiveAge
              words={t("patrol.suspended_by", {
                agreement: agreement.terms.name,
                agency: agencyName(each.agency),
                time: minute(each.at),
                age: ageMark(ageWords(ageSeconds(each.at, now.value) ?? 0)),
              })}
            />
            {each.reason && (
              <>
                {" "}
                <q>{each.reason}</q>
              </>
            )}
          </p>
        ))}
        {withheld.length === 0 && patrol.suspended_why && <p>{patrol.suspended_why}</p>}
        <p class="dim">{t("patrol.suspended_what")}</p>
      </div>
    </div>
  );
}
