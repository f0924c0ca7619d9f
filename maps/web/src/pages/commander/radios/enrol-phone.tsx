/** Makes a QR code with which one phone of a unit's crew becomes known, and shows it as long as it is good. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { now } from "../../../session/clock.ts";
import { ENROL } from "../../../session/permissions.ts";
import { may } from "../../../session/session.ts";
import { faultWords } from "../../../widgets/load-states.tsx";
import { useModal } from "../../../widgets/modal.ts";
import { call, fetchJson } from "../../../wire/calls.ts";
import { EnrolmentCode } from "../../../wire/enrolment.ts";
import { nullable, object, text } from "../../../wire/parser.ts";
import type { UnitState } from "../../../wire/units.ts";
import { t } from "../../../words/index.ts";

const NAME = "[A-Za-z0-9_.\\-]{1,64}";

export function EnrolPhone({ unit }: { unit: UnitState }): JSX.Element | null {
  const open = useSignal(false);
  if (!may(ENROL)) return null;
  return (
    <section class="flags" aria-labelledby="phone-title">
      <h3 id="phone-title">{t("phone.title")}</h3>
      <p class="hint">{t("phone.how")}</p>
      <div class="actions">
        <button
          class="button"
          type="button"
          onClick={() => {
            open.value = true;
          }}
        >
          {t("phone.enrol")}
        </button>
      </div>
      {open.value && (
        <EnrolDialog
          unit={unit}
          shut={() => {
            open.value = false;
          }}
        />
      )}
    </section>
  );
}

function EnrolDialog({ unit, shut }: { unit: UnitState; shut: () => void }): JSX.Element {
  const dialog = useModal();
  const device = useSignal(nameFor(unit.call_sign));
  const code = useSignal<EnrolmentCode | null>(null);
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    fault.value = null;
    try {
      code.value = await call("POST", "/api/devices/enrolments", EnrolmentCode, {
        device: device.value,
        unit: unit.id,
      });
    } catch (caught) {
      fault.value = `${t("phone.failed")} ${faultWords(caught)}`;
    } finally {
      busy.value = false;
    }
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="enrol-title" onCancel={shut} onClose={shut}>
      <form onSubmit={(event) => void make(event)}>
        <h2 id="enrol-title">{t("phone.of", { name: unit.call_sign })}</h2>
        {code.value === null ? (
          <>
            <label for="phone-device">{t("phone.device")}</label>
            <input
              id="phone-device"
              required
              pattern={NAME}
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              value={device.value}
              onInput={(event) => {
                device.value = event.currentTarget.value.trim();
              }}
            />
            <p class="hint">{t("phone.device.hint")}</p>
          </>
        ) : (
          <Code code={code.value} />
        )}
        {fault.value && (
          <p class="field-fault" role="alert">
            {fault.value}
          </p>
        )}
        <div class="actions end">
          <button class="button" type="button" onClick={shut}>
            {t("dialog.close")}
          </button>
          <button class={`button ${code.value === null ? "primary" : ""}`} type="submit" disabled={busy.value}>
            {t(code.value === null ? "phone.make" : "phone.again")}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function Code({ code }: { code: EnrolmentCode }): JSX.Element {
  const left = Math.floor((Date.parse(code.expires_at) - now.value) / 1000);
  const begin = useSignal<string | null>(null);
  useEffect(() => {
    // Only where the office has a certificate of its own: else every phone trusts it already.
    fetchJson(
      "/api/trust",
      object({
        begin_at: nullable(text),
      }),
    ).then(
      (found) => {
        begin.value = found.begin_at;
      },
      () => undefined,
    );
  }, []);
  if (left <= 0)
    return (
      <p class="field-fault" role="status">
        {t("phone.over")}
      </p>
    );
  const page = code.address.split("#")[0] ?? code.address;
  return (
    <>
      {!code.address.startsWith("https:") && <p class="field-fault">{t("phone.not_safe")}</p>}
      <p>{t("phone.show")}</p>
      <div
        class="qr"
        role="img"
        aria-label={t("phone.qr", { address: page })}
        style={{ backgroundImage: `url("data:image/svg+xml,${encodeURIComponent(code.qr.svg)}")` }}
      />
      <p class="num" role="timer">
        {t("phone.left", { age: t("countdown.minutes", { m: Math.floor(left / 60), s: left % 60 }) })}
      </p>
      <p class="hint">{t("phone.once")}</p>
      {begin.value !== null && <p class="hint">{t("phone.trust", { address: begin.value })}</p>}
      <p class="hint">
        {t("phone.address")}: <code>{page}</code>
      </p>
    </>
  );
}

/** A name that the server takes: what is left of the call sign in plain letters, or a made-up one. */
export function nameFor(callSign: string): string {
  const plain = callSign
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .toLowerCase()
    .slice(0, 50);
  return `${plain === "" ? `unit-${Math.floor(Math.random() * 9000) + 1000}` : plain}-phone`;
}
