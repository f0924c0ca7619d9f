/** What a code is for, who the crew member is, a PIN; then the phone has its keys and goes to the crew's page. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { worksOffline } from "../../phone/install.ts";
import { keepEnrolment, profiles } from "../../phone/keys.ts";
import { LONGEST_PIN, pinFault, SHORTEST_PIN } from "../../phone/pin.ts";
import { now } from "../../session/clock.ts";
import { ageWords } from "../../session/times.ts";
import { Icon } from "../../widgets/icons.tsx";
import { CallError, call } from "../../wire/calls.ts";
import { EnrolledPhone, EnrolmentInfo } from "../../wire/enrolment.ts";
import { t } from "../../words/index.ts";

export function Enrol({ code }: { code: string }): JSX.Element {
  const enrolment = useSignal<EnrolmentInfo | null>(null);
  const fault = useSignal<string | null>(code === "" ? t("enrol.no_code") : null);
  const done = useSignal(false);
  const look = async (): Promise<void> => {
    fault.value = null;
    try {
      await profiles(); // a browser that keeps nothing must not spend the code
    } catch {
      fault.value = t("enrol.storage");
      return;
    }
    try {
      enrolment.value = await call("POST", "/api/enrolment/look", EnrolmentInfo, { code });
    } catch (caught) {
      fault.value = faultWords(caught);
    }
  };
  useEffect(() => {
    if (code !== "") void look();
  }, []);
  if (done.value) return <Done />;
  if (fault.value !== null) {
    return (
      <Frame>
        <section class="card bad">
          <p role="alert">{fault.value}</p>
          {code !== "" && (
            <button class="button wide" onClick={() => void look()}>
              {t("enrol.again")}
            </button>
          )}
        </section>
      </Frame>
    );
  }
  if (enrolment.value === null)
    return (
      <Frame>
        <p class="card" role="status">
          {t("enrol.reading")}
        </p>
      </Frame>
    );
  return (
    <Frame>
      <What shown={enrolment.value} />
      <Form
        code={code}
        shown={enrolment.value}
        done={() => {
          done.value = true;
        }}
        failed={(words) => {
          fault.value = words;
        }}
      />
    </Frame>
  );
}

/** The page was opened without a connection that the browser trusts. */
export function Unsafe(): JSX.Element {
  return (
    <Frame>
      <section class="card bad">
        <h2>{t("enrol.unsafe.title")}</h2>
        <p>{t("enrol.unsafe.why")}</p>
        <a class="button primary wide" href="/trust">
          {t("enrol.unsafe.go")}
        </a>
      </section>
    </Frame>
  );
}

function Frame({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <main class="steps">
      <header>
        <Icon name="unit" />
        <h1>{t("enrol.title")}</h1>
      </header>
      {children}
    </main>
  );
}

function What({ shown }: { shown: EnrolmentInfo }): JSX.Element {
  const left = (Date.parse(shown.expires_at) - now.value) / 1000;
  return (
    <section class="card">
      <dl>
        <div>
          <dt>{t("enrol.office")}</dt>
          <dd>{shown.node}</dd>
        </div>
        <div>
          <dt>{t("enrol.agency")}</dt>
          <dd>{shown.agency}</dd>
        </div>
        <div>
          <dt>{t("enrol.unit")}</dt>
          <dd>{shown.unit?.call_sign ?? t("enrol.no_unit")}</dd>
        </div>
        <div>
          <dt>{t("enrol.device")}</dt>
          <dd>{shown.device}</dd>
        </div>
      </dl>
      <p class="hint num">{left > 0 ? t("enrol.ends", { age: ageWords(left) }) : t("enrol.bad_code")}</p>
    </section>
  );
}

function Form({
  code,
  shown,
  done,
  failed,
}: {
  code: string;
  shown: EnrolmentInfo;
  done: () => void;
  failed: (words: string) => void;
}): JSX.Element {
  const message = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const name = String(form.get("name")).trim();
    const pin = String(form.get("pin"));
    message.value = name === "" ? t("enrol.name.missing") : pinWords(pin, String(form.get("again")));
    if (message.value !== "") return;
    busy.value = true;
    let phone: EnrolledPhone;
    try {
      // No cookie: whoever takes the phone would need no PIN to use it.
      phone = await call("POST", "/api/enrolment", EnrolledPhone, { code, cookie: false });
    } catch (caught) {
      busy.value = false;
      message.value = faultWords(caught);
      return;
    }
    history.replaceState(null, "", "/enrol");
    try {
      await keepEnrolment({
        device: phone.device,
        key: phone.key,
        reporting_key: phone.reporting_key,
        unit: shown.unit,
        pin,
        crewName: name,
      });
      done();
    } catch {
      failed(t("enrol.not_kept"));
    }
  };
  return (
    <form class="card" onSubmit={(event) => void submit(event)}>
      <label for="name">{t("enrol.name")}</label>
      <input id="name" name="name" required maxLength={60} autocomplete="name" aria-describedby="name-hint" />
      <p id="name-hint" class="hint">
        {t("enrol.name.hint")}
      </p>
      <label for="pin">{t("crew.pin.new", { n: SHORTEST_PIN })}</label>
      <input
        id="pin"
        name="pin"
        type="password"
        inputMode="numeric"
        autocomplete="new-password"
        required
        maxLength={LONGEST_PIN}
        aria-describedby="pin-hint"
      />
      <p id="pin-hint" class="hint">
        {t("enrol.pin.why")}
      </p>
      <label for="again">{t("crew.pin.again")}</label>
      <input
        id="again"
        name="again"
        type="password"
        inputMode="numeric"
        autocomplete="new-password"
        required
        maxLength={LONGEST_PIN}
      />
      <p class="field-fault" role="alert">
        {message.value}
      </p>
      <button class="button primary wide" disabled={busy.value}>
        {busy.value ? t("enrol.busy") : t("enrol.go")}
      </button>
    </form>
  );
}

function Done(): JSX.Element {
  return (
    <Frame>
      <section class="card good" role="status">
        <h2>{t("enrol.done")}</h2>
        {worksOffline.value === false && <p>{t("enrol.unsafe.kept")}</p>}
        {worksOffline.value === false && (
          <a class="button wide" href="/trust">
            {t("enrol.unsafe.go")}
          </a>
        )}
        <a class="button primary wide" href="/crew">
          {t("enrol.open")}
        </a>
      </section>
    </Frame>
  );
}

/** What is wrong with a PIN that was typed twice; nothing when it is good. */
function pinWords(pin: string, again: string): string {
  if (pin !== again) return t("crew.pin.differ");
  const fault = pinFault(pin);
  return fault === null ? "" : t(`crew.pin.${fault}`, { n: SHORTEST_PIN });
}

function faultWords(fault: unknown): string {
  if (!(fault instanceof CallError) || fault.status === 0 || fault.status >= 500) return t("enrol.unreachable");
  return fault.status === 429 ? t("enrol.too_many") : t("enrol.bad_code");
}
