/** One sector: what it is for, how it lies, and what may be done with it. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { agencyName } from "../../../session/agencies.ts";
import { MESSAGE_RADIOS } from "../../../session/permissions.ts";
import { may } from "../../../session/session.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { faultWords } from "../../../widgets/load-states.tsx";
import { useModal } from "../../../widgets/modal.ts";
import { OnRadios, sendToRadios } from "../../../widgets/radio-share.tsx";
import { type SectorDetails, stretchOf, versionNumber } from "../../../wire/sectors.ts";
import { t } from "../../../words/index.ts";
import { notify } from "../desk/frame-state.ts";
import { retire, startEdit } from "./draft/draft.ts";
import { limitWords } from "./draft/limits.ts";
import { isOurs, mayEdit, view } from "./draft/store.ts";
import { acrossWords, alongWords, areaWords, authorWords, riverWords } from "./draft/words.ts";
import { fitSector } from "./drawing/sector-layers.ts";

export function SectorDetail({ details }: { details: SectorDetails }): JSX.Element {
  const { sector } = details;
  const asking = useSignal(false);
  const stretch = stretchOf(sector);
  const limits = limitWords(sector.limits);
  const shows = isOurs(details) && !sector.retired_at && may(MESSAGE_RADIOS);
  const place = { kind: "sector", id: sector.id, name: sector.name } as const;
  return (
    <section class="panel" aria-labelledby="sector-title">
      <div class="unit-head">
        <button
          class="icon-button"
          aria-label={t("sector.back")}
          title={t("key.tip", { words: t("sector.back"), key: "Esc" })}
          onClick={() => {
            view.value = { at: "list" };
          }}
        >
          <Icon name="left" />
        </button>
        <div>
          <h2 id="sector-title">{sector.name}</h2>
          <p>{t(`sector.use.${sector.use ?? "patrol"}`)}</p>
        </div>
      </div>
      <div class="scroll">
        {!isOurs(details) && (
          <p class="sector-note" role="note">
            <Icon name="link" />
            {t("sector.theirs", { agency: agencyName(sector.agency) })}
          </p>
        )}
        <dl class="facts">
          <Fact name={t("sector.agency")}>{agencyName(sector.agency)}</Fact>
          <Fact name={t("sector.area")}>
            <span class="num">{areaWords(details.area_km2)}</span>
          </Fact>
          {(details.along ?? [])
            .filter((each) => each.river !== stretch?.river)
            .map((each) => (
              <Fact key={each.river} name={t("sector.along")}>
                <span class="num">{alongWords(each)}</span>
              </Fact>
            ))}
          {stretch !== null && (
            <Fact name={t("sector.stretch")}>
              <span class="num">
                {t("sector.stretch_of", {
                  river: riverWords(stretch.river),
                  from: stretch.km_from,
                  to: stretch.km_to,
                  width: stretch.width_m,
                })}
              </span>
            </Fact>
          )}
          {acrossWords(details.countries).map((each) => (
            <Fact key={each} name={t("sector.border")}>
              {each}
            </Fact>
          ))}
          <Fact name={t("sector.version")}>
            <span class="num">{versionNumber(sector)}</span>
            <span class="fact-more num">{authorWords(sector)}</span>
          </Fact>
          {limits.length > 0 && (
            <Fact name={t("sector.limits")}>
              {limits.map((each) => (
                <span key={each} class="limit-line">
                  {each}
                </span>
              ))}
            </Fact>
          )}
          {sector.note && (
            <Fact name={t("sector.note")}>
              <span class="sector-words">{sector.note}</span>
            </Fact>
          )}
        </dl>
        {shows && (
          <div class="sector-radios">
            <OnRadios place={place} />
          </div>
        )}
        <div class="actions">
          {mayEdit(details) && (
            <button
              class="button primary"
              title={t("key.tip", { words: t("sector.edit"), key: "e" })}
              onClick={() => startEdit(details)}
            >
              {t("sector.edit")}
            </button>
          )}
          <button
            class="button"
            title={t("key.tip", { words: t("sector.show"), key: "f" })}
            onClick={() => fitSector(sector.id)}
          >
            <Icon name="fit" />
            {t("sector.show")}
          </button>
          <button
            class="button"
            title={t("key.tip", { words: t("sector.versions"), key: "v" })}
            onClick={() => {
              view.value = { at: "versions", id: sector.id };
            }}
          >
            <Icon name="clock" />
            {t("sector.versions")}
          </button>
          {shows && (
            <button class="button" onClick={() => void sendToRadios(place, notify)}>
              {t("mark.to_radios")}
            </button>
          )}
          {mayEdit(details) && (
            <button
              class="button"
              onClick={() => {
                asking.value = true;
              }}
            >
              {t("sector.retire")}
            </button>
          )}
        </div>
        {asking.value && (
          <Retire
            details={details}
            shut={() => {
              asking.value = false;
            }}
          />
        )}
      </div>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }): JSX.Element {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Asks once: what is retired does not come back. */
function Retire({ details, shut }: { details: SectorDetails; shut: () => void }): JSX.Element {
  const dialog = useModal();
  const reason = useSignal("");
  const busy = useSignal(false);
  const fault = useSignal<unknown>(null);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    try {
      await retire(details, reason.value);
    } catch (caught) {
      fault.value = caught;
      busy.value = false;
    }
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="retire-title" onClose={shut}>
      <form onSubmit={(event) => void send(event)}>
        <h2 id="retire-title">{t("sector.retire_title", { name: details.sector.name })}</h2>
        <p>{t("sector.retire_what")}</p>
        <label for="retire-reason">{t("sector.reason")}</label>
        <input
          id="retire-reason"
          maxLength={500}
          value={reason.value}
          onInput={(event) => {
            reason.value = event.currentTarget.value;
          }}
        />
        {fault.value !== null && (
          <p class="field-fault" role="alert">
            {t("sector.not_retired")} {faultWords(fault.value)}
          </p>
        )}
        <div class="actions end">
          <button class="button" type="button" onClick={() => dialog.current?.close()}>
            {t("dialog.cancel")}
          </button>
          <button class="button primary" type="submit" disabled={busy.value}>
            {t("sector.retire")}
          </button>
        </div>
      </form>
    </dialog>
  );
}
