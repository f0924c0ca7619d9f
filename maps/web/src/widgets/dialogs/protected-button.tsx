/** Opens the protected names of an own incident or target; few ever do, so the dialog comes when it is asked for. */
import type { JSX } from "preact";
import { t } from "../../words/index.ts";
import type { ProtectedKind } from "./protected-dialog.tsx";

export function ProtectedButton({ kind, id, about }: { kind: ProtectedKind; id: string; about: string }): JSX.Element {
  const open = async (): Promise<void> => (await import("./protected-dialog.tsx")).showProtected(kind, id, about);
  return (
    <button class="button" onClick={() => void open()}>
      {t("protected.title")}
    </button>
  );
}
