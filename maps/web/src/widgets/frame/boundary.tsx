/** A boundary round a card or panel: what cannot be shown says so in its own place, and the rest of the page stands. */
import { Component, type ComponentChildren, type JSX } from "preact";
import { noteFailure } from "../../session/page-faults.ts";
import { t } from "../../words/index.ts";

interface Props {
  /** What it is, for who reads the browser's log. */
  name: string;
  /** Element of the notice: an item where it stands in a list. */
  as?: "div" | "li";
  children: ComponentChildren;
}

/** What failed is tried again by itself after so long: what could not be shown may be gone. */
const AGAIN_MS = 10_000;

/** It tries again whenever it is told to show something else, too. */
export class Boundary extends Component<Props, { broken: boolean }> {
  override state = { broken: false };
  #again: ReturnType<typeof setTimeout> | undefined;

  static override getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override componentWillReceiveProps(): void {
    if (this.state.broken) this.setState({ broken: false });
  }

  override componentDidCatch(error: unknown): void {
    noteFailure(this.props.name, error);
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.setState({ broken: false }), AGAIN_MS);
  }

  override componentWillUnmount(): void {
    clearTimeout(this.#again);
  }

  override render(): ComponentChildren {
    return this.state.broken ? (
      <CannotShow as={this.props.as ?? "div"} again={() => this.setState({ broken: false })} />
    ) : (
      this.props.children
    );
  }
}

function CannotShow({ as: Element, again }: { as: "div" | "li"; again: () => void }): JSX.Element {
  return (
    <Element class="broken cannot-show" role="alert">
      <p>{t("page.cannot_show")}</p>
      <button class="button" onClick={again}>
        {t("state.retry")}
      </button>
    </Element>
  );
}
