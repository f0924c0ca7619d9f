/** The last tab: whose page, language, palette, what was refused, how the page is kept. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { coordinateFormat, PALETTES, palette } from "../../browser/preferences.ts";
import { canInstall, install, isPersistent, keepForever, worksOffline } from "../../phone/install.ts";
import { changePin, makeProfile } from "../../phone/keys.ts";
import { waiting } from "../../phone/originals.ts";
import type { Report } from "../../phone/reports.ts";
import { clock } from "../../phone/server-clock.ts";
import { minuteWords } from "../../session/times.ts";
import { LANGUAGES, type Language, t, wordsIfAny } from "../../words/index.ts";
import { PinFields, pinWords } from "./lock-panel.tsx";
import { crew, lock, opened, profile, timeZone, unlocked, withdrawText } from "./outbox/crew.ts";
import { counts, draftPhoto, dropPhoto, refusals, refusedPhotos, takeBack, tryAgain } from "./outbox/outbox.ts";
import { chosen, speakNow } from "./outbox/page-language.ts";
import { change, draft } from "./outbox/report-draft.ts";
import { hurry } from "./outbox/sender.ts";
import { discarded } from "./outbox/sos.ts";
import { sunlightMode } from "./outbox/sunlight-mode.ts";

export function MorePanel(): JSX.Element {
  return (
    <section class="panel" aria-label={t("crew.tab.more")}>
      {opened.value !== null && <Refused />}
      <Choices />
      {opened.value !== null && waiting.value > 0 && (
        <p class="dim">{t("crew.original.waiting", { number: waiting.value })}</p>
      )}
      {opened.value !== null && <Person />}
      <Kept />
    </section>
  );
}

function Refused(): JSX.Element | null {
  const found = useSignal<Awaited<ReturnType<typeof refusals>>>([]);
  const photos = useSignal<readonly string[]>([]);
  const who = opened.value;
  useEffect(() => {
    if (who === null) return;
    void refusals(who).then((all) => {
      found.value = all;
    });
    void refusedPhotos(who.profile.id).then((all) => {
      photos.value = all;
    });
  }, [who, counts.value.refused]);
  if (found.value.length + photos.value.length === 0) return null;
  return (
    <article class="card">
      <h2>{t("crew.refused.title")}</h2>
      <p class="dim">{t("crew.refused.about")}</p>
      <ul class="texts">
        {found.value.map(({ report, why }) => (
          <li key={report.id}>
            <p>
              <b>{t(`crew.kind.${report.kind}`)}</b>{" "}
              <span class="dim num">{minuteWords(Date.parse(report.at), clock.value, timeZone.value)}</span>
            </p>
            <p class="break">{wordsOf(report)}</p>
            <p class="field-fault break">{wordsIfAny(`crew.why.${why.error}`) ?? why.message}</p>
            <div class="pair">
              <button class="big" onClick={() => void tryAgain(report.id).then(hurry)}>
                {t("crew.refused.again")}
              </button>
              <Discard act={() => discard(report.id)} />
            </div>
          </li>
        ))}
        {photos.value.map((id) => (
          <li key={id}>
            <p>
              <b>{t("crew.kind.photo")}</b>
            </p>
            <RefusedPhoto id={id} />
            <p class="field-fault break">{t("crew.why.unreadable")}</p>
            <Discard act={() => dropPhoto(id)} />
          </li>
        ))}
      </ul>
    </article>
  );
}

/** The report went without it: who took it may still show it. */
function RefusedPhoto({ id }: { id: string }): JSX.Element | null {
  const url = useSignal("");
  const who = opened.value;
  useEffect(() => {
    if (who !== null) {
      draftPhoto(id, who).then(
        (found) => {
          if (found !== null) url.value = URL.createObjectURL(found);
        },
        () => undefined,
      ); // damaged: it can only be thrown away
    }
    return () => URL.revokeObjectURL(url.peek());
  }, [id, who]);
  return url.value === "" ? null : (
    <div class="photos">
      <figure>
        <img src={url.value} alt={t("crew.photo.of")} />
      </figure>
    </div>
  );
}

function Discard({ act }: { act: () => Promise<void> }): JSX.Element {
  const asks = useSignal(false);
  return asks.value ? (
    <button class="big alarm" onClick={() => void act()}>
      {t("crew.refused.discard_yes")}
    </button>
  ) : (
    <button
      class="big"
      onClick={() => {
        asks.value = true;
      }}
    >
      {t("crew.refused.discard")}
    </button>
  );
}

async function discard(id: string): Promise<void> {
  if (draft.peek().keptId === id) change({}); // nothing is said of it any more
  const who = profile.peek();
  if (who !== null) await discarded(who, id);
  await withdrawText(id);
  await takeBack(id);
}

function wordsOf(report: Report): string {
  if (report.kind === "text")
    return "text" in report ? report.text : (wordsIfAny(`phrase.${report.phrase}`) ?? report.phrase);
  if (report.kind === "incident") return report.narrative ?? t(`category.${report.category}`);
  if (report.kind === "sighting") return report.name ?? report.sighting.note ?? "";
  return "";
}

function Choices(): JSX.Element {
  return (
    <article class="card">
      <label for="language">{t("crew.more.language")}</label>
      <select
        id="language"
        value={chosen.value}
        onInput={(event) => void speakNow(event.currentTarget.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([tag, name]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
      <h2 id="palette-title">{t("palette.title")}</h2>
      <div class="choices" role="group" aria-labelledby="palette-title">
        {PALETTES.map((each) => (
          <button
            key={each}
            class="big"
            aria-pressed={palette.value === each && !(each === "day" && sunlightMode.value)}
            onClick={() => {
              sunlightMode.value = false;
              palette.value = each;
            }}
          >
            {t(`palette.${each}`)}
          </button>
        ))}
        <button
          class="big"
          aria-pressed={palette.value === "day" && sunlightMode.value}
          onClick={() => {
            palette.value = "day";
            sunlightMode.value = true;
          }}
        >
          {t("crew.more.sun")}
        </button>
      </div>
      <label for="format">{t("crew.more.format")}</label>
      <select
        id="format"
        value={coordinateFormat.value}
        onInput={(event) => {
          coordinateFormat.value = event.currentTarget.value as typeof coordinateFormat.value;
        }}
      >
        {(["decimal", "dms", "mgrs"] as const).map((each) => (
          <option key={each} value={each}>
            {t(`crew.format.${each}`)}
          </option>
        ))}
      </select>
    </article>
  );
}

function Person(): JSX.Element {
  const shows = useSignal<"" | "pin" | "crew">("");
  const done = useSignal("");
  return (
    <article class="card">
      <h2>{profile.value?.name}</h2>
      <p class="dim">
        {[crew.value?.node.name, profile.value?.device ?? profile.value?.user].filter(Boolean).join(" · ")}
      </p>
      <button class="big wide primary" onClick={() => void lock()}>
        {t("crew.lock.now")}
      </button>
      <p class="dim">{t("crew.lock.about")}</p>
      <p class="dim" role="status">
        {done.value}
      </p>
      {shows.value === "pin" && (
        <ChangePin
          done={() => {
            shows.value = "";
            done.value = t("crew.pin.changed");
          }}
        />
      )}
      {shows.value === "crew" && <AddCrew />}
      {shows.value !== "pin" && (
        <button
          class="big wide"
          onClick={() => {
            shows.value = "pin";
          }}
        >
          {t("crew.pin.change")}
        </button>
      )}
      {shows.value !== "crew" && profile.value?.device && (
        <button
          class="big wide"
          onClick={() => {
            shows.value = "crew";
          }}
        >
          {t("crew.add.title")}
        </button>
      )}
      {profile.value?.user && (
        <a class="big wide" href="/">
          {t("page.map")}
        </a>
      )}
    </article>
  );
}

function ChangePin({ done }: { done: () => void }): JSX.Element {
  const message = useSignal("");
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    message.value = pinWords(String(form.get("pin")), String(form.get("again")));
    const who = profile.peek();
    if (message.value !== "" || who === null) return;
    try {
      if (await changePin(who.id, String(form.get("old")), String(form.get("pin")))) done();
      else message.value = t("crew.pin.old_wrong");
    } catch {
      message.value = t("crew.storage.broken");
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label for="old">{t("crew.pin.old")}</label>
      <input id="old" name="old" type="password" inputMode="numeric" autocomplete="current-password" required />
      <PinFields />
      <p class="field-fault" role="alert">
        {message.value}
      </p>
      <button class="big wide primary">{t("crew.pin.change")}</button>
    </form>
  );
}

/** Another crew member with the same phone: the same keys, a PIN and an outbox of their own. */
function AddCrew(): JSX.Element {
  const message = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    message.value = pinWords(String(form.get("pin")), String(form.get("again")));
    const who = opened.peek();
    if (message.value !== "" || who === null || busy.value) return;
    busy.value = true;
    const { device, reporting_key, call_sign } = who.profile;
    try {
      const created = await makeProfile({
        name: String(form.get("name")),
        device,
        callSign: call_sign,
        key: who.key,
        reportingKey: reporting_key,
        user: null,
        pin: String(form.get("pin")),
      });
      await lock();
      await unlocked(created);
    } catch {
      message.value = t("crew.storage.broken");
    } finally {
      busy.value = false;
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>{t("crew.add.about")}</p>
      <label for="crew-name">{t("crew.add.name")}</label>
      <input id="crew-name" name="name" required maxLength={60} autocomplete="off" />
      <PinFields />
      <p class="field-fault" role="alert">
        {message.value}
      </p>
      <button class="big wide primary" disabled={busy.value}>
        {t("crew.add.go")}
      </button>
    </form>
  );
}

function Kept(): JSX.Element {
  return (
    <article class="card">
      <h2>{t("crew.kept.title")}</h2>
      <p>
        {t(
          worksOffline.value === true
            ? "crew.kept.offline"
            : worksOffline.value === false
              ? "crew.kept.not_offline"
              : "crew.kept.busy",
        )}
      </p>
      <p>{t(isPersistent.value === true ? "crew.kept.forever" : "crew.kept.not_forever")}</p>
      {isPersistent.value !== true && (
        <button class="big wide" onClick={() => void keepForever()}>
          {t("crew.kept.ask")}
        </button>
      )}
      {canInstall.value !== null && (
        <button class="big wide primary" onClick={() => void install()}>
          {t("crew.kept.install")}
        </button>
      )}
      <p class="dim">{t("crew.kept.background")}</p>
    </article>
  );
}
