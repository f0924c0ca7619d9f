/** Radios that nobody has registered, with what they sent. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { coordinateFormat } from "../../../browser/preferences.ts";
import { coordinateWords } from "../../../geo/coordinates.ts";
import { placeWords } from "../../../geo/place-words.ts";
import { unknownRadios } from "../../../live/signals.ts";
import { now } from "../../../session/clock.ts";
import { ASSIGN, SEE_SENT } from "../../../session/permissions.ts";
import { may, timeZone } from "../../../session/session.ts";
import { momentWords } from "../../../session/times.ts";
import { MarkIcon } from "../../../symbols/mark-icon.tsx";
import { Icon } from "../../../widgets/icons.tsx";
import { Broken, Empty, Loading, useLoaded } from "../../../widgets/load-states.tsx";
import { fetchJson } from "../../../wire/calls.ts";
import { listOf } from "../../../wire/parser.ts";
import { TechnicianMessage } from "../../../wire/radios.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t, wordsIfAny } from "../../../words/index.ts";
import { addressConflictWords } from "../desk/address-conflict-words.ts";
import { assigning, select, selectedId } from "../desk/selection.ts";
import { flyToSelected } from "../map/map-sync.ts";
import { AddressConflictNotes, addressConflictsOf } from "./address-conflicts.tsx";
import { Age } from "./unit-row.tsx";

/** Rows drawn at once; more on demand. */
const PAGE = 200;

export function UnknownRadios(): JSX.Element {
  const radios = unknownRadios.value;
  const shownCount = useSignal(PAGE);
  return (
    <section class="panel" aria-labelledby="unknown-title">
      <header class="panel-head">
        <h2 id="unknown-title">{t("unknown.title")}</h2>
        <span class="count num">{radios === null ? "" : String(radios.length)}</span>
      </header>
      <div class="scroll">
        {radios === null && <Loading />}
        {radios?.length === 0 && <Empty title={t("unknown.empty")}>{t("unknown.empty_how")}</Empty>}
        <ul class="rows">
          {(radios ?? []).slice(0, shownCount.value).map((radio) => (
            <Radio key={radio.id} radio={radio} />
          ))}
        </ul>
        {radios !== null && radios.length > shownCount.value && (
          <button
            class="button wide"
            onClick={() => {
              shownCount.value += PAGE;
            }}
          >
            {t("units.more", { n: radios.length - shownCount.value })}
          </button>
        )}
      </div>
    </section>
  );
}

function Radio({ radio }: { radio: UnitState }): JSX.Element {
  const chosen = selectedId.value === radio.id;
  return (
    <li class="radio">
      <button
        class="row"
        aria-current={chosen}
        onClick={() => {
          selectedId.value = chosen ? "" : radio.id;
          if (!chosen) flyToSelected();
        }}
      >
        <MarkIcon unit={radio} />
        <span class="row-name">{radio.call_sign}</span>
        <Age unit={radio} />
        <span class="row-place">{radio.last ? placeWords(radio.last) : radio.id}</span>
        {addressConflictsOf(radio).length > 0 && (
          <span
            class="state state-late"
            title={addressConflictsOf(radio)
              .map((claim) => addressConflictWords(claim, now.value, timeZone.value))
              .join("\n")}
          >
            <Icon name="warn" />
            {t("claims.one")}
          </span>
        )}
      </button>
      {chosen && (
        <div class="radio-more">
          <p class="dim">
            <code>{radio.id}</code>
          </p>
          <AddressConflictNotes unit={radio} />
          {may(SEE_SENT) && <Messages address={radio.id} />}
          <div class="actions">
            <button class="button" onClick={() => select(radio.id)}>
              {t("unknown.detail")}
            </button>
            {may(ASSIGN) && (
              <button
                class="button primary"
                onClick={() => {
                  assigning.value = radio.id;
                }}
              >
                {t("unknown.assign")}
              </button>
            )}
          </div>
        </div>
      )}
    </li>
  );
}

/** The last things a radio said. */
function Messages({ address }: { address: string }): JSX.Element {
  const { value, fault, again } = useLoaded(address, () =>
    fetchJson(`/api/radios/${encodeURIComponent(address)}/transmissions?limit=8`, listOf(TechnicianMessage)),
  );
  if (fault) return <Broken what={t("unknown.messages_failed")} fault={fault} retry={again} />;
  if (value === null) return <Loading />;
  if (value.length === 0) return <p class="dim">{t("unknown.no_messages")}</p>;
  return (
    <table class="messages">
      <caption>{t("unknown.messages")}</caption>
      <tbody>
        {value.map((message, i) => (
          <tr key={i}>
            <td class="num">{momentWords(Date.parse(message.heard_at), now.peek(), timeZone.value)}</td>
            <td>{messageWords(message)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Words first, then where it was; else what sort of thing it said. */
function messageWords(message: TechnicianMessage): string {
  const place =
    message.lon != null && message.lat != null
      ? coordinateWords(message.lon, message.lat, coordinateFormat.value)
      : null;
  const words = [message.text || (message.status && (wordsIfAny(`status.${message.status}`) ?? message.status)), place]
    .filter(Boolean)
    .join(" · ");
  return words || (wordsIfAny(`heard.${message.kind}`) ?? message.kind);
}
