/** Notifications: this browser, the others of the same person, a test of each. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../../session/clock.ts";
import { timeZone } from "../../session/session.ts";
import { momentWords } from "../../session/times.ts";
import { Outcome, Section, useActionState } from "../../widgets/action-state.tsx";
import { Broken, Empty, Loading, useLoaded } from "../../widgets/load-states.tsx";
import type { PushBrowser } from "../../wire/accounts.ts";
import { CallError, fetchJson } from "../../wire/calls.ts";
import { object, optional, text } from "../../wire/parser.ts";
import { t } from "../../words/index.ts";
import { cannot, end, list, ownId, subscribe, test, turns } from "./push.ts";

export function Notices(): JSX.Element {
  const key = useLoaded("push-key", () =>
    fetchJson(
      "/api/deliveries/push-key",
      object({
        key: optional(text),
      }),
    ),
  );
  return (
    <Section id="notices" title={t("account.notices")}>
      <p class="hint">{t("account.notices_how")}</p>
      {key.fault != null && <Broken what={t("account.notices")} fault={key.fault} retry={key.again} />}
      {key.value === null && key.fault === null && <Loading />}
      {key.value !== null && key.value.key === undefined && <p>{t("account.notices_none")}</p>}
      {key.value?.key !== undefined && <Browsers serverKey={key.value.key} />}
    </Section>
  );
}

function Browsers({ serverKey }: { serverKey: string }): JSX.Element {
  const { value, fault, again } = useLoaded(`browsers ${turns.value}`, list);
  const acting = useActionState();
  const label = useSignal(t("account.notices_default"));
  const here = value?.some((each) => each.id === ownId.value) ?? false;
  const why = cannot();
  const take = (event: SubmitEvent): void => {
    event.preventDefault();
    const failed = (caught: unknown): string =>
      cannot() === "denied"
        ? t("account.notices_denied")
        : caught instanceof CallError
          ? ""
          : t("account.notices_failed");
    void acting.run(
      async () => {
        await subscribe(serverKey, label.peek().trim());
        again();
      },
      () => t("account.notices_here"),
      (caught) => failed(caught) || null,
    );
  };
  return (
    <>
      {why !== null && <p>{t(why === "denied" ? "account.notices_denied" : "account.notices_cannot")}</p>}
      {why === null && here && (
        <p>
          <b>{t("account.notices_here")}</b>
        </p>
      )}
      {why === null && !here && (
        <form class="form" onSubmit={take}>
          <label for="browser-label">{t("account.notices_label")}</label>
          <input
            id="browser-label"
            maxLength={60}
            value={label.value}
            onInput={(event) => {
              label.value = event.currentTarget.value;
            }}
          />
          <div class="actions">
            <button class="button primary" type="submit" disabled={acting.busy.value}>
              {t("account.notices_on")}
            </button>
          </div>
        </form>
      )}
      <Outcome of={acting} />
      <h3>{t("account.notices_list")}</h3>
      {fault != null && <Broken what={t("account.notices_list")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value?.length === 0 && <Empty title={t("account.notices_empty")} />}
      <ul class="entries">
        {value?.map((each) => (
          <Entry key={each.id} browser={each} again={again} />
        ))}
      </ul>
    </>
  );
}

function Entry({ browser, again }: { browser: PushBrowser; again: () => void }): JSX.Element {
  const acting = useActionState();
  const label = browser.label || t("account.notices_default");
  const tried = (): void => {
    let why = "";
    void acting.run(
      async () => {
        const result = await test(browser.id);
        if (!result.ok) {
          why = result.fault ?? "";
          throw new Error(why);
        }
      },
      () => t("account.notices_tested", { label }),
      (caught) => (caught instanceof CallError ? null : t("account.notices_test_failed", { label, why })),
    );
  };
  return (
    <li>
      <p class="entry-name">
        <b>{label}</b>{" "}
        <span class="dim num">
          {t("account.notices_since", { time: momentWords(Date.parse(browser.since), now.peek(), timeZone.peek()) })}
        </span>
      </p>
      <div class="actions">
        <button class="button" type="button" disabled={acting.busy.value} onClick={tried}>
          {t("account.notices_test")}
        </button>
        <button
          class="button"
          type="button"
          disabled={acting.busy.value}
          onClick={() =>
            void acting.run(async () => {
              await end(browser.id);
              again();
            })
          }
        >
          {t("account.notices_end")}
        </button>
      </div>
      <Outcome of={acting} />
    </li>
  );
}
