/** Devices of the agency: trackers with a key of their own, phones that scan a code. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../../session/clock.ts";
import { may, timeZone } from "../../session/session.ts";
import { momentWords } from "../../session/times.ts";
import { Once, Outcome, Qr, SureButton, useActionState } from "../../widgets/action-state.tsx";
import { Broken, Empty, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { Device, DeviceKey } from "../../wire/accounts.ts";
import { call, fetchJson } from "../../wire/calls.ts";
import { EnrolmentCode } from "../../wire/enrolment.ts";
import { listOf, nothing } from "../../wire/parser.ts";
import { UnitState } from "../../wire/units.ts";
import { t } from "../../words/index.ts";

export const MANAGE = "manage devices";
export const ENROL = "enrol phones";

export function Devices(): JSX.Element {
  const units = useLoaded("units", () => fetchJson("/api/units", listOf(UnitState)));
  return (
    <>
      <h3>{t("account.devices")}</h3>
      <p class="hint">{t("account.devices_how")}</p>
      {may(MANAGE) && <Keys units={units.value ?? []} />}
      {may(ENROL) && <Enrol units={units.value ?? []} />}
    </>
  );
}

function Keys({ units }: { units: readonly UnitState[] }): JSX.Element {
  const { value, fault, again } = useLoaded("devices", () => fetchJson("/api/devices", listOf(Device)));
  const newKey = useSignal<DeviceKey | null>(null);
  const acting = useActionState();
  const give = async (name: string): Promise<void> => {
    newKey.value = await call("POST", "/api/devices", DeviceKey, { name });
    again();
  };
  const add = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    void acting.run(async () => {
      await give(String(new FormData(form).get("name")).trim());
      form.reset();
    });
  };
  return (
    <>
      {fault != null && <Broken what={t("account.devices")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value?.length === 0 && <Empty title={t("account.devices_empty")} />}
      <ul class="entries">
        {value?.map((each) => (
          <Entry
            key={each.name}
            device={each}
            unit={units.find((unit) => unit.id === each.unit)?.call_sign ?? ""}
            give={give}
            again={again}
          />
        ))}
      </ul>
      {newKey.value !== null && (
        <Once
          title={t("account.device_key", { name: newKey.value.name })}
          secret={newKey.value.key}
          done={() => {
            newKey.value = null;
          }}
        />
      )}
      <form class="form" onSubmit={add}>
        <label for="device-name">{t("account.device_name")}</label>
        <input
          id="device-name"
          name="name"
          maxLength={129}
          pattern="[A-Za-z0-9_.:\-]{1,64}(/[A-Za-z0-9_.:\-]{1,64})?"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          required
        />
        <div class="actions">
          <button class="button primary" type="submit" disabled={acting.busy.value}>
            {t("account.device_add")}
          </button>
        </div>
        <Outcome of={acting} />
      </form>
    </>
  );
}

function Entry({
  device,
  unit,
  give,
  again,
}: {
  device: Device;
  unit: string;
  give: (name: string) => Promise<void>;
  again: () => void;
}): JSX.Element {
  const acting = useActionState();
  const { name } = device;
  const revoke = (): void => {
    void acting
      .run(
        () => call("DELETE", `/api/devices/${name.split("/").map(encodeURIComponent).join("/")}`, nothing),
        () => t("account.device_gone", { name }),
      )
      .then(again);
  };
  const about = [
    t(`account.device_${device.kind}`),
    unit,
    device.revoked_at === null ? "" : t("account.device_revoked"),
  ];
  return (
    <li>
      <p class="entry-name">
        <b class="break">{name}</b> <span class="dim">{about.filter(Boolean).join(" · ")}</span>
      </p>
      <div class="actions">
        {device.kind === "tracker" && (
          <SureButton
            words={t("account.device_new_key")}
            busy={acting.busy.value}
            act={() => void acting.run(() => give(name))}
          />
        )}
        {device.revoked_at === null && (
          <SureButton words={t("account.device_revoke")} busy={acting.busy.value} act={revoke} />
        )}
      </div>
      <Outcome of={acting} />
    </li>
  );
}

function Enrol({ units }: { units: readonly UnitState[] }): JSX.Element {
  const newCode = useSignal<EnrolmentCode | null>(null);
  const acting = useActionState();
  const enrol = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const unit = String(fields.get("unit"));
    void acting.run(async () => {
      newCode.value = await call("POST", "/api/devices/enrolments", EnrolmentCode, {
        device: String(fields.get("device")).trim(),
        ...(unit === "" ? {} : { unit }),
      });
    });
  };
  const own = units.filter((unit) => unit.known !== false);
  return (
    <form class="form" onSubmit={enrol}>
      <label for="phone-name">{t("account.phone_name")}</label>
      <input
        id="phone-name"
        name="device"
        maxLength={64}
        pattern="[A-Za-z0-9_.\-]{1,64}"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        required
      />
      <label for="phone-unit">{t("account.device_unit")}</label>
      <select id="phone-unit" name="unit">
        <option value="">{t("account.device_no_unit")}</option>
        {own.map((unit) => (
          <option key={unit.id} value={unit.id}>
            {unit.call_sign}
          </option>
        ))}
      </select>
      <div class="actions">
        <button class="button primary" type="submit" disabled={acting.busy.value}>
          {t("account.device_enrol")}
        </button>
      </div>
      <Outcome of={acting} />
      {newCode.value !== null && (
        <div class="once" role="group" aria-label={t("account.device_enrol")}>
          <p>
            {t("account.device_scan", {
              name: newCode.value.device,
              time: momentWords(Date.parse(newCode.value.expires_at), now.peek(), timeZone.peek()),
            })}
          </p>
          <Qr src={newCode.value.qr.png} alt={newCode.value.address} />
          <div class="actions">
            <button
              class="button"
              type="button"
              onClick={() => {
                newCode.value = null;
              }}
            >
              {t("dialog.close")}
            </button>
          </div>
        </div>
      )}
    </form>
  );
}
