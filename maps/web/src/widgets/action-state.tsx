/** How a part of a page acts: one thing at a time, and says how it went beside the button. */
import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { CallError } from "../wire/calls.ts";
import { t } from "../words/index.ts";
import { faultWords } from "./load-states.tsx";

export interface ActionState {
  busy: Signal<boolean>;
  said: Signal<string>;
  fault: Signal<string>;
  /** Does `work` and says `done`; returns whether it went well. */
  run(work: () => Promise<unknown>, done?: () => string, why?: (fault: unknown) => string | null): Promise<boolean>;
}

export function useActionState(): ActionState {
  const busy = useSignal(false);
  const message = useSignal("");
  const fault = useSignal("");
  const run: ActionState["run"] = async (work, done, why) => {
    if (busy.peek()) return false;
    busy.value = true;
    message.value = "";
    fault.value = "";
    try {
      await work();
      message.value = done?.() ?? "";
      return true;
    } catch (caught) {
      fault.value = why?.(caught) ?? actFault(caught);
      return false;
    } finally {
      busy.value = false;
    }
  };
  return { busy, said: message, fault, run };
}

function actFault(caught: unknown): string {
  return caught instanceof CallError && caught.status === 429 ? t("act.too_many") : faultWords(caught);
}

/** Whether a refusal means a wrong password or code. */
export function isWrong(caught: unknown): boolean {
  return caught instanceof CallError && caught.slug === "sign_in_refused";
}

/** What became of the last act. */
export function Outcome({ of }: { of: ActionState }): JSX.Element {
  return (
    <>
      <p class="said" role="status">
        {of.said.value}
      </p>
      <p class="field-fault" role="alert">
        {of.fault.value}
      </p>
    </>
  );
}

export function Section({
  id,
  title,
  children,
}: {
  id: string;
  title: string;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <section id={id} class="part" aria-labelledby={`${id}-title`} tabIndex={-1}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}

/** Buttons of which one is chosen. */
export function Choice<T extends string>({
  label,
  id,
  of,
  chosen,
  choose,
}: {
  label: string;
  id: string;
  of: readonly { value: T; words: string; lang?: string }[];
  chosen: T;
  choose: (value: T) => void;
}): JSX.Element {
  return (
    <div class="field">
      <p class="field-name" id={`${id}-label`}>
        {label}
      </p>
      <div class="choices" role="group" aria-labelledby={`${id}-label`}>
        {of.map((each) => (
          <button
            key={each.value}
            id={`${id}-${each.value}`}
            type="button"
            class="button"
            lang={each.lang}
            aria-pressed={each.value === chosen}
            onClick={() => choose(each.value)}
          >
            {each.words}
          </button>
        ))}
      </div>
    </div>
  );
}

/** A button that asks once more before it acts. */
export function SureButton({ words, busy, act }: { words: string; busy: boolean; act: () => void }): JSX.Element {
  const isAsking = useSignal(false);
  const keep = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => keep.current?.focus(), [isAsking.value]);
  if (!isAsking.value)
    return (
      <button
        class="button"
        type="button"
        disabled={busy}
        onClick={() => {
          isAsking.value = true;
        }}
      >
        {words}
      </button>
    );
  return (
    <span class="sure" role="group" aria-label={t("act.sure")}>
      <button
        class="button"
        type="button"
        ref={keep}
        onClick={() => {
          isAsking.value = false;
        }}
      >
        {t("act.keep")}
      </button>
      <button
        class="button primary"
        type="button"
        disabled={busy}
        onClick={() => {
          isAsking.value = false;
          act();
        }}
      >
        {words}
      </button>
    </span>
  );
}

/** A secret that is shown this once: it stays until the person says that it is kept. */
export function Once({
  title,
  secret,
  children,
  done,
}: {
  title: string;
  secret: string;
  children?: ComponentChildren;
  done: () => void;
}): JSX.Element {
  const copied = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => box.current?.focus(), []); // once: drawn anew, it takes the focus from nothing
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(secret);
    copied.value = true;
  };
  return (
    <div class="once" role="group" aria-label={title} tabIndex={-1} ref={box}>
      <h3>{title}</h3>
      <p class="hint">{t("act.once")}</p>
      {children ?? (
        <p>
          <code class="secret break">{secret}</code>
        </p>
      )}
      <div class="actions">
        {"clipboard" in navigator && (
          <button class="button" type="button" onClick={() => void copy()}>
            {t("act.copy")}
          </button>
        )}
        <button class="button primary" type="button" onClick={done}>
          {t("act.kept")}
        </button>
      </div>
      <p class="said" role="status">
        {copied.value ? t("act.copied") : ""}
      </p>
    </div>
  );
}

/** A QR code of the server's; the picture only, for a camera. */
export function Qr({ src, alt }: { src: string; alt: string }): JSX.Element {
  return (
    <div class="qr">
      <img src={src} alt={alt} width={240} height={240} />
    </div>
  );
}
