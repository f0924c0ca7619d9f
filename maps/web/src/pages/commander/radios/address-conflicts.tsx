/** Radio addresses that two senders use: possible false senders, told once for each. */
import type { JSX } from "preact";
import { claims, everyone } from "../../../live/signals.ts";
import { now } from "../../../session/clock.ts";
import { timeZone } from "../../../session/session.ts";
import { Icon } from "../../../widgets/icons.tsx";
import type { Claim } from "../../../wire/channels.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t } from "../../../words/index.ts";
import { addressConflictWords } from "../desk/address-conflict-words.ts";
import { openTab, select, selectedId } from "../desk/selection.ts";

/** Claims that concern a unit or radio. */
export function addressConflictsOf(unit: UnitState): Claim[] {
  return claims.value.filter(
    (claim) => claim.unit === unit.id || claim.address === unit.id || `${claim.address}@${claim.channel}` === unit.id,
  );
}

export function AddressConflictNotes({ unit }: { unit: UnitState }): JSX.Element | null {
  const mine = addressConflictsOf(unit);
  if (mine.length === 0) return null;
  return (
    <div class="claim-notes">
      <Icon name="warn" />
      <div>
        <h3>{t("claims.title")}</h3>
        <ul>
          {mine.map((claim) => (
            <li key={`${claim.address} ${claim.channel}`} class="num">
              {addressConflictWords(claim, now.value, timeZone.value)}
            </li>
          ))}
        </ul>
        <p class="dim">{t(mine.every((claim) => claim.bound === undefined) ? "claims.what_free" : "claims.what")}</p>
      </div>
    </div>
  );
}

/** In the status strip: one item, however many there are. */
export function AddressConflictsItem(): JSX.Element | null {
  const first = claims.value[0];
  if (first === undefined) return null;
  const words =
    claims.value.length === 1
      ? addressConflictWords(first, now.value, timeZone.value)
      : t("claims.count", { n: claims.value.length });
  const show = (): void => {
    const about = [first.unit, first.address, `${first.address}@${first.channel}`].find(
      (id) => id !== undefined && everyone.peek()?.some((each) => each.id === id),
    );
    if (about !== undefined && claims.peek().length === 1) return select(about);
    openTab("unknown");
    selectedId.value = `${first.address}@${first.channel}`;
  };
  return (
    <button class="strip-button claim-item" title={words} aria-label={words} onClick={show}>
      <Icon name="radio" />
      <span>{words}</span>
    </button>
  );
}
