/** What is shared with other agencies, and the quiet word that it is suspended: who, when, why. */
import type { JSX } from "preact";
import { agencyName, agencyNames } from "../../../session/agencies.ts";
import { now } from "../../../session/clock.ts";
import { DRAFT_AGREEMENTS, SUSPEND } from "../../../session/permissions.ts";
import { may, timeZone } from "../../../session/session.ts";
import { ageSeconds, ageWords, minuteWords } from "../../../session/times.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { ageMark, LiveAge } from "../../../widgets/live-age.tsx";
import type { Agreement } from "../../../wire/documents.ts";
import { t } from "../../../words/index.ts";
import { agreements, ours, proposed, suspended, withheld } from "../desk/queue.ts";
import { resume, suspend } from "../desk/queue-acts.ts";
import { lifelines } from "../desk/queue-words.ts";
import { openTab } from "../desk/selection.ts";

type Consent = NonNullable<Agreement["consents"]>[number];

export function SuspendedBars(): JSX.Element {
  return (
    <>
      {suspended.value.map((agreement) => (
        <Bar key={agreement.id} agreement={agreement} />
      ))}
    </>
  );
}

function Bar({ agreement }: { agreement: Agreement }): JSX.Element {
  const withheld = (agreement.consents ?? []).filter((each) => !each.given);
  const mine = withheld.some((each) => each.agency === ours.value);
  return (
    <div class="queue-bar suspended" role="status">
      <Icon name="pause" />
      <div>
        <p>
          <b>{t("sharing.suspended", { name: agreement.terms.name })}</b>
        </p>
        {withheld.map((each) => (
          <p key={each.agency} class="num">
            <LiveAge words={whoWords(each)} />
            {each.reason && (
              <>
                : <q>{each.reason}</q>
              </>
            )}
          </p>
        ))}
        <p class="dim">
          {t("sharing.suspended_what")}
          {lifelines(agreement) && <> {t("sharing.lifelines")}</>}
        </p>
        {mine && may(SUSPEND) && (
          <button class="button" onClick={() => resume(agreement)}>
            {t("sharing.resume")}
          </button>
        )}
      </div>
    </div>
  );
}

/** `Chiang Khong police (chai) at 14:02, 5 min ago`, for `Ticking`. */
function whoWords(consent: Consent): string {
  const agency = agencyName(consent.agency);
  const who = consent.by ? t("sharing.officer", { agency, name: consent.by }) : agency;
  return t("sharing.who", {
    who,
    time: minuteWords(Date.parse(consent.at), now.value, timeZone.value),
    age: ageMark(ageWords(ageSeconds(consent.at, now.value) ?? 0)),
  });
}

/** Along the edge of the map: what is not shown on it, who wants it so, since when and why. */
export function SuspendedEdge(): JSX.Element | null {
  if (suspended.value.length === 0) return null;
  return (
    <div class="map-edge" role="status" aria-label={t("sharing.title")}>
      {suspended.value.map((agreement) => {
        const withheldCount = withheld.value.filter((each) => each.by.id === agreement.id).length;
        return (
          <p key={agreement.id}>
            <Icon name="pause" />
            <span>
              <b>{t("sharing.suspended", { name: agreement.terms.name })}</b> <LiveAge words={reasons(agreement)} />
              {withheldCount > 0 && <> {t("sharing.gone", { n: withheldCount })}</>}
            </span>
          </p>
        );
      })}
    </div>
  );
}

function reasons(agreement: Agreement): string {
  return (agreement.consents ?? [])
    .filter((each) => !each.given)
    .map((each) => (each.reason ? t("sharing.because", { who: whoWords(each), reason: each.reason }) : whoWords(each)))
    .join(" ");
}

/**
 * In the list, in place of an agency's units that may no longer be shown: how many, and why. Nothing else of them is
 * kept.
 */
export function WithheldRow({ agency, n, by }: { agency: string; n: number; by: Agreement }): JSX.Element {
  return (
    <button class="row row-gone" onClick={() => openTab("alerts")}>
      <Icon name="pause" />
      <span class="row-name">
        {agencyName(agency)}: {t("sharing.gone", { n })}
      </span>
      <span class="row-place">
        <LiveAge words={reasons(by) || t("sharing.suspended", { name: by.terms.name })} />
      </span>
    </button>
  );
}

/** In the detail of a unit that went while it was selected. */
export function WithheldUnit({ id }: { id: string }): JSX.Element | null {
  const unit = withheld.value.find((each) => each.id === id);
  if (unit === undefined) return null;
  return (
    <div class="queue-bar suspended" role="status">
      <Icon name="pause" />
      <div>
        <p>
          <b>{t("sharing.gone_title")}</b>
        </p>
        <p>
          <LiveAge words={reasons(unit.by)} />
        </p>
        <p class="dim">{t("sharing.suspended_what")}</p>
      </div>
    </div>
  );
}

/** In the status strip: that sharing is suspended, whatever else is open. */
export function SuspendedItem(): JSX.Element | null {
  const first = suspended.value[0];
  if (first === undefined) return null;
  const words = t("sharing.strip", { n: suspended.value.length });
  return (
    <button class="strip-button claim-item" title={words} aria-label={words} onClick={() => openTab("alerts")}>
      <Icon name="pause" />
      <span>{words}</span>
    </button>
  );
}

/**
 * Agreements that wait for signatures, are in force or suspended: what each says, who signed it, and the way to suspend
 * one.
 */
export function SuspensionNotices(): JSX.Element | null {
  const drafts = may(DRAFT_AGREEMENTS) && agencyNames.value.size > 1;
  const shown = [...proposed.value, ...agreements.value];
  if (shown.length === 0 && !drafts) return null;
  return (
    <>
      <h3 class="queue-head">{t("sharing.title")}</h3>
      {shown.length > 0 && (
        <ul class="shared">
          {shown.map((agreement) => (
            <li key={agreement.id}>
              <p>
                <b>{agreement.terms.name}</b>
                <span class="dim">
                  {t("sharing.with", {
                    names: agreement.agencies
                      .filter((each) => each !== ours.value)
                      .map(agencyName)
                      .join(", "),
                  })}
                </span>
                {agreement.state === "proposed" && <span class="dim">{t("agreement.waits")}</span>}
              </p>
              <div class="actions">
                <button class="button" onClick={() => void open(agreement)}>
                  {t("agreement.open")}
                </button>
                {agreement.state === "active" && may(SUSPEND) && (
                  <button class="button" onClick={() => suspend(agreement)}>
                    {t("sharing.suspend")}
                  </button>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
      {drafts && (
        <div class="actions">
          <button class="button" onClick={() => void draft()}>
            {t("agreement.draft")}
          </button>
        </div>
      )}
    </>
  );
}

async function draft(): Promise<void> {
  (await import("./agreement-draft.tsx")).draftAgreement();
}

/** Few ever read it: the dialog comes when it is asked for. */
async function open(agreement: Agreement): Promise<void> {
  (await import("./agreement-dialog.tsx")).showAgreement(agreement);
}
