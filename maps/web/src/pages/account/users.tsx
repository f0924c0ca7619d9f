/** The users of the agency, as an administrator changes them. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { now } from "../../session/clock.ts";
import { session, timeZone } from "../../session/session.ts";
import { momentWords } from "../../session/times.ts";
import { Once, Outcome, SureButton, useActionState } from "../../widgets/action-state.tsx";
import { Broken, Empty, Loading, useLoaded } from "../../widgets/load-states.tsx";
import { SignInLink, User } from "../../wire/accounts.ts";
import { CallError, call, fetchJson } from "../../wire/calls.ts";
import { listOf, nothing } from "../../wire/parser.ts";
import type { Role } from "../../wire/session.ts";
import { t } from "../../words/index.ts";

const ROLES: readonly Role[] = ["commander", "planner", "crew", "liaison", "technician", "admin", "observer"];

export function Users(): JSX.Element {
  const { value, fault, again } = useLoaded("users", () => fetchJson("/api/users", listOf(User)));
  const acting = useActionState();
  const add = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const name = String(fields.get("name")).trim();
    const password = String(fields.get("password"));
    void acting.run(
      async () => {
        await call("POST", "/api/users", nothing, {
          name,
          role: fields.get("role"),
          ...(password === "" ? {} : { password }),
        });
        form.reset();
        again();
      },
      () => t("account.user_added", { name }),
    );
  };
  return (
    <>
      <h3>{t("account.users")}</h3>
      {fault != null && <Broken what={t("account.users")} fault={fault} retry={again} />}
      {value === null && fault === null && <Loading />}
      {value?.length === 0 && <Empty title={t("account.users_empty")} />}
      <ul class="entries">
        {value?.map((each) => (
          <Entry key={each.name} user={each} again={again} />
        ))}
      </ul>
      <form class="form" onSubmit={add}>
        <label for="user-name">{t("account.user_name")}</label>
        <input
          id="user-name"
          name="name"
          maxLength={64}
          pattern="[A-Za-z0-9][A-Za-z0-9_.\-]*"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          required
        />
        <label for="user-role">{t("account.user_role")}</label>
        <RoleChoice id="user-role" />
        <label for="user-password">{t("account.user_password")}</label>
        <input
          id="user-password"
          name="password"
          type="password"
          minLength={12}
          maxLength={256}
          autocomplete="new-password"
        />
        <div class="actions">
          <button class="button primary" type="submit" disabled={acting.busy.value}>
            {t("account.user_add")}
          </button>
        </div>
        <Outcome of={acting} />
      </form>
    </>
  );
}

function RoleChoice({
  id,
  role,
  change,
  disabled = false,
}: {
  id: string;
  role?: Role;
  change?: (role: Role) => void;
  disabled?: boolean;
}): JSX.Element {
  return (
    <select
      id={id}
      name="role"
      value={role ?? "crew"}
      disabled={disabled}
      onChange={(event) => change?.(event.currentTarget.value as Role)}
    >
      {ROLES.map((each) => (
        <option key={each} value={each}>
          {t(`role.${each}`)}
        </option>
      ))}
    </select>
  );
}

function Entry({ user, again }: { user: User; again: () => void }): JSX.Element {
  const acting = useActionState();
  const link = useSignal<SignInLink | null>(null);
  const { name } = user;
  const path = `/api/users/${encodeURIComponent(name)}`;
  const self = name === session.value?.user;
  const change = (what: object): void => {
    // After a refusal the list says what is so, not what was wished.
    void acting
      .run(
        () => call("PATCH", path, nothing, what),
        () => t("account.user_changed", { name }),
      )
      .then(again);
  };
  const makeLink = (): void => {
    void acting.run(async () => {
      link.value = await call("POST", `${path}/link`, SignInLink);
    });
  };
  const noFactor = (caught: unknown): string | null =>
    caught instanceof CallError && caught.status === 404 ? t("account.user_no_factor", { name }) : null;
  return (
    <li>
      <div class="entry-head">
        <p class="entry-name">
          <b class="break">{name}</b>{" "}
          <span class="dim">
            {[self ? t("account.user_self") : "", user.disabled_at === null ? "" : t("account.user_disabled")]
              .filter(Boolean)
              .join(" · ")}
          </span>
        </p>
        <label class="hidden" for={`role-${name}`}>{`${name}: ${t("account.user_role")}`}</label>
        <RoleChoice
          id={`role-${name}`}
          role={user.role}
          disabled={self || acting.busy.value}
          change={(role) => change({ role })}
        />
      </div>
      <details>
        <summary class="button">
          {t("account.more")}
          <span class="hidden">{` ${name}`}</span>
        </summary>
        <div class="actions">
          {user.disabled_at === null && (
            <button class="button" type="button" disabled={acting.busy.value} onClick={makeLink}>
              {t("account.user_link")}
            </button>
          )}
          <SureButton
            words={t("account.user_factor")}
            busy={acting.busy.value}
            act={() =>
              void acting.run(
                () => call("DELETE", `${path}/second-factor`, nothing),
                () => t("account.user_factor_removed", { name }),
                noFactor,
              )
            }
          />
          {!self && (
            <SureButton
              words={t("account.user_end")}
              busy={acting.busy.value}
              act={() =>
                void acting.run(
                  () => call("DELETE", `${path}/sessions`, nothing),
                  () => t("account.user_ended", { name }),
                )
              }
            />
          )}
          {!self &&
            (user.disabled_at === null ? (
              <SureButton
                words={t("account.user_disable")}
                busy={acting.busy.value}
                act={() => change({ disabled: true })}
              />
            ) : (
              <button
                class="button"
                type="button"
                disabled={acting.busy.value}
                onClick={() => change({ disabled: false })}
              >
                {t("account.user_enable")}
              </button>
            ))}
        </div>
      </details>
      {link.value !== null && (
        <Once
          title={t("account.user_link_made", {
            name,
            time: momentWords(Date.parse(link.value.expires_at), now.peek(), timeZone.peek()),
          })}
          secret={link.value.address}
          done={() => {
            link.value = null;
          }}
        />
      )}
      <Outcome of={acting} />
    </li>
  );
}
