/** The locked page: whose it is, and the PIN. Who is not on this phone yet is told how to come on it. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Profile } from "../../phone/database.ts";
import { activate, makeProfile, unlock } from "../../phone/keys.ts";
import { isTooSoon, LONGEST_PIN, pinFault, SHORTEST_PIN } from "../../phone/pin.ts";
import { readSession } from "../../phone/server.ts";
import { clock, moment } from "../../phone/server-clock.ts";
import { ageWords } from "../../session/times.ts";
import { ageMark, LiveAge } from "../../widgets/live-age.tsx";
import type { Session } from "../../wire/session.ts";
import { t } from "../../words/index.ts";
import { choose, knownProfiles, profile, unlocked } from "./outbox/crew.ts";
import { link } from "./outbox/sender.ts";

export function LockPanel(): JSX.Element {
  const adds = useSignal(false);
  const session = useSignal<Session | null>(null);
  useEffect(() => {
    readSession().then(
      (found) => {
        session.value = found;
      },
      () => undefined,
    );
  }, []);
  const who = session.value;
  const crew = who !== null && who.role === "crew" && !who.user.startsWith("key:");
  const unknown = crew && !knownProfiles.value.some((each) => each.user === who.user);
  if (profile.value === null || adds.value) {
    return (
      <section class="lock">
        <h2>{t("crew.first.title")}</h2>
        {unknown && who !== null ? <NewPin who={who} /> : <p>{t("crew.first.enrol")}</p>}
        {who === null && (
          <a class="big wide" href="/sign-in?next=/crew">
            {t("crew.first.sign_in")}
          </a>
        )}
        {adds.value && (
          <button
            class="big wide"
            onClick={() => {
              adds.value = false;
            }}
          >
            {t("crew.back")}
          </button>
        )}
      </section>
    );
  }
  return (
    <section class="lock">
      <h2>{t("crew.lock.title")}</h2>
      <p class="dim">{t("crew.lock.works")}</p>
      {profile.value.user !== null && link.value.state === "shut" && (
        <a class="big wide primary" href="/sign-in?next=/crew">
          {t("crew.first.sign_in")}
        </a>
      )}
      {knownProfiles.value.length > 1 && (
        <div class="people" role="group" aria-label={t("crew.lock.who")}>
          {knownProfiles.value.map((each) => (
            <button key={each.id} class="big" aria-pressed={each.id === profile.value?.id} onClick={() => turnTo(each)}>
              {nameOf(each)}
            </button>
          ))}
        </div>
      )}
      <PinForm who={profile.value} key={profile.value.id} />
      <button
        class="big wide quiet"
        onClick={() => {
          adds.value = true;
        }}
      >
        {t("crew.lock.other")}
      </button>
    </section>
  );
}

function turnTo(who: Profile): void {
  activate(who.id);
  void choose(who);
}

function nameOf(who: Profile): string {
  return who.call_sign === "" ? who.name : `${who.name} · ${who.call_sign}`;
}

function PinForm({ who }: { who: Profile }): JSX.Element {
  const message = useSignal("");
  const busy = useSignal(false);
  const until = useSignal(who.wait_until);
  const waits = isTooSoon(moment(until.value), clock.value);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    busy.value = true;
    try {
      const found = await unlock(who.id, String(new FormData(form).get("pin")));
      if ("opened" in found) return await unlocked(found.opened);
      message.value = t("crew.pin.wrong", { number: found.wrong });
      until.value = found.waitUntil;
      form.reset();
    } catch {
      message.value = t("crew.storage.broken");
    } finally {
      busy.value = false;
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label for="pin">{t("crew.pin.of", { name: nameOf(who) })}</label>
      <input
        id="pin"
        name="pin"
        type="password"
        inputMode="numeric"
        autocomplete="current-password"
        required
        maxLength={LONGEST_PIN}
        disabled={waits}
        aria-describedby="pin-fault"
      />
      <p id="pin-fault" class="field-fault" role="alert">
        <LiveAge
          words={
            waits
              ? t("crew.pin.wait", { age: ageMark(ageWords((moment(until.value) - clock.value) / 1000 + 1)) })
              : message.value
          }
        />
      </p>
      <button class="big wide primary" disabled={busy.value || waits}>
        {t("crew.pin.open")}
      </button>
    </form>
  );
}

/** A crew member who is signed in with a name: a PIN makes the profile. */
function NewPin({ who }: { who: Session }): JSX.Element {
  const message = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const pin = String(form.get("pin"));
    message.value = pinWords(pin, String(form.get("again")));
    if (message.value !== "") return;
    busy.value = true;
    try {
      await unlocked(
        await makeProfile({
          name: who.user,
          device: null,
          callSign: "",
          key: null,
          reportingKey: null,
          user: who.user,
          pin,
        }),
      );
    } catch {
      message.value = t("crew.storage.broken");
      busy.value = false;
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>{t("crew.first.pin", { name: who.user })}</p>
      <PinFields />
      <p class="field-fault" role="alert">
        {message.value}
      </p>
      <button class="big wide primary" disabled={busy.value}>
        {t("crew.first.go")}
      </button>
    </form>
  );
}

/** A new PIN, twice. */
export function PinFields(): JSX.Element {
  return (
    <>
      <label for="pin">{t("crew.pin.new", { n: SHORTEST_PIN })}</label>
      <input
        id="pin"
        name="pin"
        type="password"
        inputMode="numeric"
        autocomplete="new-password"
        required
        minLength={SHORTEST_PIN}
        maxLength={LONGEST_PIN}
      />
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
    </>
  );
}

/** What is wrong with a PIN that was typed twice; nothing when it is good. */
export function pinWords(pin: string, again: string): string {
  if (pin !== again) return t("crew.pin.differ");
  const fault = pinFault(pin);
  return fault === null ? "" : t(`crew.pin.${fault}`, { n: SHORTEST_PIN });
}
