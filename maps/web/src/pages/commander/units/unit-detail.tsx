/** All that is known of the selected unit or radio. */
import type { ComponentChildren, JSX } from "preact";
import { coordinateFormat } from "../../../browser/preferences.ts";
import { coordinateWords } from "../../../geo/coordinates.ts";
import {
  addressErrorWords,
  bearingWords,
  metresWords,
  reachWords,
  riverWords,
  sideWords,
  speedWords,
} from "../../../geo/place-words.ts";
import { everyone } from "../../../live/signals.ts";
import { now } from "../../../session/clock.ts";
import { ASSIGN, CLEAR_DISTRESS, PLOT, SEE_MESSAGES } from "../../../session/permissions.ts";
import { may, timeZone } from "../../../session/session.ts";
import { ageSeconds, ageWords, momentWords } from "../../../session/times.ts";
import { MarkIcon } from "../../../symbols/mark-icon.tsx";
import { errorOf } from "../../../symbols/unit-feature.ts";
import { Icon } from "../../../widgets/icons.tsx";
import { Empty, Loading } from "../../../widgets/load-states.tsx";
import { tip } from "../../../widgets/tip.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t, wordsIfAny } from "../../../words/index.ts";
import { IncidentsOfUnit } from "../alerts/incident-cards.tsx";
import { WithheldUnit } from "../alerts/suspension-notices.tsx";
import { RadioTextOf } from "../alerts/text-cards.tsx";
import { followedId, toggleFollow } from "../desk/followed-unit.ts";
import { ours } from "../desk/queue.ts";
import { clearDistress } from "../desk/queue-acts.ts";
import { assigning, clearSelection, selected, selectedId } from "../desk/selection.ts";
import { turnCoordinates } from "../desk/shortcuts.ts";
import { flyToSelected } from "../map/map-sync.ts";
import { AddressConflictNotes } from "../radios/address-conflicts.tsx";
import { EnrolPhone } from "../radios/enrol-phone.tsx";
import { MessagePanel } from "./message-panel.tsx";
import { PlotForm } from "./plot-form.tsx";
import { TrackForm } from "./track-form.tsx";

export function UnitDetail(): JSX.Element {
  const unit = selected.value;
  if (everyone.value === null)
    return (
      <div class="scroll">
        <Loading />
      </div>
    );
  if (unit === null)
    return (
      <div class="scroll">
        <WithheldUnit id={selectedId.value} />
        <Empty title={t("unit.none")}>{t("unit.none_how")}</Empty>
      </div>
    );
  // Another agency's boat is looked at: its own people plot it and write to it.
  const mine = unit.known === false || unit.agency === ours.value;
  return (
    <section class="panel" aria-labelledby="unit-title">
      <header class="unit-head">
        <MarkIcon unit={unit} />
        <div>
          <h2 id="unit-title">{unit.call_sign}</h2>
          <p>{describe(unit)}</p>
        </div>
        <button
          class="icon-button"
          title={tip(t("unit.close"), "Esc")}
          aria-label={t("unit.close")}
          onClick={clearSelection}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="scroll">
        {unit.distress && <Distress unit={unit} mine={mine} />}
        <div class="said">
          <RadioTextOf unit={unit.id} />
        </div>
        <AddressConflictNotes unit={unit} />
        <Heard unit={unit} />
        <Place unit={unit} />
        <Words unit={unit} />
        <Flags unit={unit} />
        <IncidentsOfUnit unit={unit} />
        <Addresses unit={unit} mine={mine} />
        {may(SEE_MESSAGES) && mine && <MessagePanel key={`message ${unit.id}`} unit={unit} />}
        <TrackForm key={`track ${unit.id}`} unit={unit} />
        {unit.known !== false && mine && <EnrolPhone key={`phone ${unit.id}`} unit={unit} />}
        {unit.known !== false && mine && may(PLOT) && <PlotForm key={unit.id} unit={unit} />}
      </div>
    </section>
  );
}

function describe(unit: UnitState): string {
  if (unit.person) return t("unit.person");
  if (unit.known === false) return t("unknown.one");
  const side = unit.country ? (wordsIfAny(`country.${unit.country}`) ?? unit.country) : t("country.unknown");
  return unit.kind ? `${t(`kind.${unit.kind}`)} · ${side}` : side;
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Heard({ unit }: { unit: UnitState }): JSX.Element {
  const nowMs = now.value;
  const age = ageSeconds(unit.last?.time, nowMs);
  const liveness = unit.liveness ?? "never";
  const at = unit.last ? Date.parse(unit.last.time) : null;
  return (
    <div class="heard">
      <p class={`heard-age state-${liveness}`}>
        <span class="num big">{age === null ? t("age.never") : ageWords(age)}</span>
        <span class="heard-word">{t(`liveness.${liveness}`)}</span>
      </p>
      {at !== null && (
        <p class="num dim">
          {t("unit.times", { utc: momentWords(at, nowMs, "UTC"), local: momentWords(at, nowMs, timeZone.value) })}
        </p>
      )}
      {liveness === "cut" && (
        <p class="dim">{unit.cut_by ? t("unit.cut", { names: unit.cut_by.join(", ") }) : t("unit.cut_over")}</p>
      )}
      {unit.expected_interval_s != null && (
        <p class="dim">{t("unit.expected", { age: ageWords(unit.expected_interval_s) })}</p>
      )}
    </div>
  );
}

function Place({ unit }: { unit: UnitState }): JSX.Element | null {
  const fix = unit.last;
  if (!fix) return <Empty title={t("unit.no_place")}>{t("unit.no_place_how")}</Empty>;
  const river = riverWords(fix);
  const reach = reachWords(fix);
  const error = addressErrorWords(fix);
  const off = errorOf(fix);
  const side = river === null ? sideWords(fix) : null;
  return (
    <>
      <dl class="facts">
        {river && (
          <Fact name={t("unit.river")}>
            <span class="num">{river}</span>
            {reach && <small class="fact-more">{reach}</small>}
          </Fact>
        )}
        {side && <Fact name={t("unit.side")}>{side}</Fact>}
        {error && (
          <Fact name={t("unit.address_error")}>
            <small class="fact-more">{error}</small>
          </Fact>
        )}
        <Fact name={t("unit.coordinates")}>
          <button class="value-button num" title={tip(t("unit.turn_coordinates"), "d")} onClick={turnCoordinates}>
            {coordinateWords(fix.lon, fix.lat, coordinateFormat.value)}
          </button>
        </Fact>
        <Fact name={t("unit.accuracy")}>
          <span class="num">± {metresWords(off.metres)}</span>
          {off.assumed && <small class="fact-more">{t("unit.accuracy_assumed")}</small>}
        </Fact>
        {fix.speed_mps !== undefined && (
          <Fact name={t("unit.speed")}>
            <span class="num">{speedWords(fix.speed_mps)}</span>
          </Fact>
        )}
        {fix.course_deg !== undefined && (
          <Fact name={t("unit.course")}>
            <span class="num">{bearingWords(fix.course_deg)}</span>
          </Fact>
        )}
        {fix.heading_deg !== undefined && (
          <Fact name={t("unit.heading")}>
            <span class="num">{bearingWords(fix.heading_deg)}</span>
          </Fact>
        )}
        {fix.altitude_m !== undefined && (
          <Fact name={t("unit.altitude")}>
            <span class="num">{metresWords(fix.altitude_m)}</span>
          </Fact>
        )}
        {unit.by_voice && (
          <Fact name={t("unit.source")}>
            <Icon name="voice" /> {t("unit.by_voice")}
          </Fact>
        )}
      </dl>
      <div class="actions">
        <button class="button" title={tip(t("unit.show"), "g")} onClick={flyToSelected}>
          <Icon name="target" />
          {t("unit.show")}
        </button>
        <button
          class="button"
          title={tip(t("key.follow"), "w")}
          aria-pressed={followedId.value === unit.id}
          onClick={toggleFollow}
        >
          <Icon name="follow" />
          {t(followedId.value === unit.id ? "follow.stop" : "follow.follow")}
        </button>
      </div>
    </>
  );
}

/** What a phone says of its call for help stands in the bar on top. */
const SOS_STATUSES = new Set(["sos", "sos_cancel"]);

function Words({ unit }: { unit: UnitState }): JSX.Element | null {
  // A canned phrase is read in the reader's own language, whoever said it in which.
  const phrase = unit.phrase ? wordsIfAny(`phrase.${unit.phrase}`) : null;
  const words = phrase ?? unit.text;
  if (!words && !unit.status) return null;
  return (
    <dl class="facts">
      {unit.status && !SOS_STATUSES.has(unit.status) && (
        <Fact name={t("unit.status")}>{wordsIfAny(`status.${unit.status}`) ?? unit.status}</Fact>
      )}
      {unit.text && (
        <Fact name={t("unit.text")}>
          <q>{unit.phrase ? (wordsIfAny(`phrase.${unit.phrase}`) ?? unit.text) : unit.text}</q>
        </Fact>
      )}
    </dl>
  );
}

function Flags({ unit }: { unit: UnitState }): JSX.Element | null {
  const flags = [...new Set([...(unit.flags ?? []), ...(unit.last?.flags ?? [])])];
  if (flags.length === 0) return null;
  return (
    <div class="flags">
      <h3>{t("unit.quality")}</h3>
      <ul>
        {flags.map((flag) => (
          <li key={flag}>{wordsIfAny(`flag.${flag}`) ?? flag.replaceAll("_", " ")}</li>
        ))}
      </ul>
    </div>
  );
}

function Addresses({ unit, mine }: { unit: UnitState; mine: boolean }): JSX.Element {
  const addresses = unit.addresses ?? [];
  return (
    <div class="flags">
      <h3>{t("unit.addresses")}</h3>
      {addresses.length === 0 ? (
        <p class="dim">{t(mine ? "unit.no_addresses" : "unit.addresses_there")}</p>
      ) : (
        <ul>
          {addresses.map((address) => (
            <li key={address}>
              <code>{address}</code>
            </li>
          ))}
        </ul>
      )}
      {unit.person && <p class="hint">{t("unit.person_how")}</p>}
      {unit.known === false && may(ASSIGN) && (
        <div class="actions">
          <button
            class="button primary"
            onClick={() => {
              assigning.value = unit.id;
            }}
          >
            {t(unit.person ? "unit.person_add" : "unknown.assign")}
          </button>
        </div>
      )}
    </div>
  );
}

/** Only the agency of the unit may say that its call is over. */
function Distress({ unit, mine }: { unit: UnitState; mine: boolean }): JSX.Element {
  return (
    <div class="distress-bar">
      <Icon name="sos" />
      <p>{t(unit.status === "sos_cancel" ? "status.sos_cancel" : "distress.here")}</p>
      {mine && may(CLEAR_DISTRESS) && (
        <button class="button" onClick={() => clearDistress(unit)}>
          {t("distress.clear")}
        </button>
      )}
    </div>
  );
}
