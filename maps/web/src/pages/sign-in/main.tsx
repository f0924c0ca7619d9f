/**
 * The sign-in page: name and password, a one-time link in the fragment, or a provider; a code if the server asks for
 * one.
 */
import { flag, nullable, object, text, withDefault } from "../../wire/parser.ts";
import { Session } from "../../wire/session.ts";
import "../../symbols/fonts.css";
import "../../symbols/theme.css";
import "../../widgets/frame/page.css";
import "./sign-in.css";
import { signal, useSignal } from "@preact/signals";
import { type JSX, render } from "preact";
import { useEffect } from "preact/hooks";
import { watchSignOut } from "../../session/drafts.ts";
import { localPath } from "../../session/local-path.ts";
import { knowsPasskeys, usePasskey } from "../../session/passkey-device.ts";
import { Icon } from "../../widgets/icons.tsx";
import { CallError, call, fetchJson } from "../../wire/calls.ts";
import type { Role } from "../../wire/session.ts";
import { LANGUAGES, type Language, type Part, t } from "../../words/index.ts";
import { chosenLanguage, openWords, preferredLanguage } from "../../words/load.ts";

const PASSKEY = "/api/session/passkey";
const PARTS: readonly Part[] = ["common", "sign-in"];
/** The language that the page is drawn in. */
const spoken = signal<Language>("en");
/** The page that was asked for before this one; a link takes itself out of the address. */
const nextPath = new URLSearchParams(location.search).get("next");
const app = document.getElementById("app") as HTMLElement;

/** The token of `#link=TOKEN`; null for a plain visit. */
function linkToken(): string | null {
  const found = new URLSearchParams(location.hash.slice(1)).get("link");
  // The token is good once: keep it out of the history and of anybody's sight.
  if (found !== null) history.replaceState(null, "", "/sign-in");
  return found;
}

/** Where whoever came from no other page begins to work. */
const FIRST: Partial<Record<Role, string>> = { planner: "/planner", crew: "/crew" };

/** Where the person came from, only a path of this server; else where the role works. */
function nextPage(role: Role): string {
  return localPath(nextPath, location.origin) ?? FIRST[role] ?? "/";
}

function faultOf(fault: unknown, byLink: boolean, withCode: boolean): string {
  if (!(fault instanceof CallError) || fault.status === 0) return t("sign_in.unreachable");
  if (fault.status === 429) return t("sign_in.too_many");
  if (fault.status >= 500) return t("sign_in.server");
  if (fault.slug === "code_needed") return t("sign_in.code_needed");
  if (withCode) return t("sign_in.wrong_code");
  if (byLink) return t("sign_in.bad_link");
  return fault.status === 401 || fault.status === 403 || fault.status === 422
    ? t("sign_in.wrong")
    : fault.message || t("sign_in.server");
}

/** In which language this machine is read until somebody signs in. */
function LanguageChoice(): JSX.Element {
  const choose = async (language: Language): Promise<void> => {
    chosenLanguage.value = language;
    await openWords(PARTS);
    draw();
  };
  const shownLanguage = spoken.value;
  return (
    <div class="sign-in-language">
      <label for="language">{t("sign_in.language")}</label>
      <select
        id="language"
        value={shownLanguage}
        onChange={(event) => void choose(event.currentTarget.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([language, name]) => (
          <option key={language} value={language} lang={language}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

function SignIn(): JSX.Element {
  void spoken.value; // drawn anew in another language, with what was typed
  const provider = useSignal<string | null>(null);
  const passkeys = useSignal(false);
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const coded = useSignal(false);
  /** The link's token while its code is asked for; null when name and password sign in. */
  const linked = useSignal<string | null>(null);
  const enter = async (path: string, body: Record<string, string>, byLink: boolean): Promise<void> => {
    busy.value = true;
    fault.value = null;
    try {
      const { role } = await call("POST", path, Session, body);
      location.replace(nextPage(role));
    } catch (caught) {
      const needsCode = caught instanceof CallError && caught.slug === "code_needed";
      fault.value = faultOf(caught, byLink, "code" in body);
      busy.value = false;
      if (needsCode) {
        coded.value = true;
        linked.value = byLink ? (body["token"] ?? null) : null;
      }
      // The field is there once the page has been drawn anew.
      setTimeout(() => document.getElementById(coded.value ? "code" : "password")?.focus());
    }
  };
  const enterByPasskey = async (): Promise<void> => {
    busy.value = true;
    fault.value = null;
    try {
      const { role } = await call("POST", PASSKEY, Session, await usePasskey(`${PASSKEY}/challenge`));
      location.replace(nextPage(role));
    } catch (caught) {
      const refused = !(caught instanceof CallError) || caught.slug === "sign_in_refused";
      fault.value = refused ? t("sign_in.passkey_failed") : faultOf(caught, false, false);
      busy.value = false;
    }
  };
  useEffect(() => {
    const token = linkToken();
    if (token !== null) void enter("/api/session/link", { token }, true);
    // Without an answer there is no button: name and password tell what is wrong.
    fetchJson(
      "/api/session/ways",
      object({
        provider: nullable(text),
        passkeys: withDefault(flag, false),
      }),
    ).then(
      (ways) => {
        provider.value = ways.provider;
        passkeys.value = ways.passkeys && knowsPasskeys();
      },
      () => undefined,
    );
  }, []);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const code: Record<string, string> = coded.value ? { code: String(form.get("code")).trim() } : {};
    if (linked.value !== null) {
      void enter("/api/session/link", { token: linked.value, ...code }, true);
      return;
    }
    void enter(
      "/api/session",
      { name: String(form.get("name")).trim(), password: String(form.get("password")), ...code },
      false,
    );
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit} aria-describedby="sign-in-fault">
        <header>
          <Icon name="unit" />
          <div>
            <h1>{t("sign_in.title")}</h1>
            <p class="dim">{t("sign_in.sub")}</p>
          </div>
        </header>
        {linked.value === null && (
          <>
            <label for="name">{t("sign_in.name")}</label>
            <input
              id="name"
              name="name"
              autocomplete="username"
              autocapitalize="none"
              spellcheck={false}
              required
              autofocus
            />
            <label for="password">{t("sign_in.password")}</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required />
          </>
        )}
        {coded.value && (
          <>
            <label for="code">{t("sign_in.code")}</label>
            <input
              id="code"
              name="code"
              autocomplete="one-time-code"
              autocapitalize="none"
              spellcheck={false}
              maxLength={40}
              required
            />
          </>
        )}
        <p id="sign-in-fault" class="field-fault" role="alert">
          {fault.value}
        </p>
        <button class="button primary wide" type="submit" disabled={busy.value}>
          {busy.value ? t("sign_in.busy") : t("sign_in.go")}
        </button>
        {passkeys.value && (
          <button class="button wide" type="button" disabled={busy.value} onClick={() => void enterByPasskey()}>
            {t("sign_in.passkey")}
          </button>
        )}
        {provider.value !== null && !coded.value && (
          <a class="button wide" href="/api/session/open-id">
            {t("sign_in.by", { name: provider.value })}
          </a>
        )}
        <LanguageChoice />
      </form>
    </main>
  );
}

function draw(): void {
  spoken.value = preferredLanguage();
  document.title = `${t("sign_in.go")} · ${t("sign_in.title")}`;
}

watchSignOut();
await openWords(PARTS);
draw();
render(<SignIn />, app);
