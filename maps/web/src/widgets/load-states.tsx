/** The three states every panel has besides its content: loading, empty, broken. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { CallError } from "../wire/calls.ts";
import { refusedWords } from "../words/faults.ts";
import { t } from "../words/index.ts";
import { Icon } from "./icons.tsx";

/** Grey lines, only when loading takes longer than 300 ms. */
export function Loading(): JSX.Element | null {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return slow ? (
    <div class="skeleton" role="status" aria-label={t("state.loading")}>
      <i />
      <i />
      <i />
    </div>
  ) : null;
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Broken({ what, fault, retry }: { what: string; fault: unknown; retry?: () => void }): JSX.Element {
  return (
    <div class="broken" role="alert">
      <Icon name="warn" />
      <p>
        <b>{what}</b> {faultWords(fault)}
      </p>
      {retry && (
        <button class="button" onClick={retry}>
          {t("state.retry")}
        </button>
      )}
    </div>
  );
}

/** What failed and what still works, in words for people. */
/** What this page itself did not do, in the reader's words. */
export class Refusal extends Error {}

export function faultWords(fault: unknown): string {
  if (fault instanceof Refusal) return fault.message;
  if (fault instanceof CallError) {
    if (fault.status === 0) return t("fault.unreachable");
    if (fault.status === 401) return t("fault.signed_out");
    if (fault.status === 403) return t("fault.forbidden");
    return refusedWords(fault);
  }
  return t("fault.other");
}

/** Loads once per `key` and tells the state it is in. */
export function useLoaded<T>(
  key: string,
  load: () => Promise<T>,
): { value: T | null; fault: unknown; again: () => void } {
  const [state, setState] = useState<{ key: string; value: T | null; fault: unknown }>({
    key,
    value: null,
    fault: null,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    setState((old) => (old.key === key ? old : { key, value: null, fault: null }));
    load().then(
      (value) => isCurrent && setState({ key, value, fault: null }),
      (fault: unknown) => isCurrent && setState({ key, value: null, fault }),
    );
    return () => {
      isCurrent = false;
    };
  }, [key, turn]);
  return { ...(state.key === key ? state : { value: null, fault: null }), again: () => setTurn(turn + 1) };
}
