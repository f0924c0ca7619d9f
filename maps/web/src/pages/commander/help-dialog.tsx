/** The list of keys. */
import type { JSX } from "preact";
import { Icon } from "../../widgets/icons.tsx";
import { useModal } from "../../widgets/modal.ts";
import { t } from "../../words/index.ts";
import { helpOpen } from "./desk/selection.ts";
import { ACTIONS } from "./keys.ts";

export function HelpDialog(): JSX.Element | null {
  return helpOpen.value ? <Help /> : null;
}

function Help(): JSX.Element {
  const dialog = useModal();
  const shut = (): void => {
    helpOpen.value = false;
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="help-title" onClose={shut} onCancel={shut}>
      <header class="dialog-head">
        <h2 id="help-title">{t("help.title")}</h2>
        <button class="icon-button" aria-label={t("dialog.close")} title={t("dialog.close")} onClick={shut}>
          <Icon name="close" />
        </button>
      </header>
      <dl class="keys">
        {ACTIONS.map(({ keys, words }) => (
          <div key={words}>
            <dt>
              <kbd>{keys[0] === "Escape" ? "Esc" : keys[0]}</kbd>
            </dt>
            <dd>{t(words)}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>↑</kbd> <kbd>↓</kbd>
          </dt>
          <dd>{t("key.list")}</dd>
        </div>
        <div>
          <dt>
            <kbd>Enter</kbd>
          </dt>
          <dd>{t("key.enter")}</dd>
        </div>
        <div>
          <dt>
            <kbd>←</kbd> <kbd>→</kbd>
          </dt>
          <dd>{t("key.pan")}</dd>
        </div>
      </dl>
    </dialog>
  );
}
