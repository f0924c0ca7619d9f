"""What a screen reader would read aloud of a page by itself: what changes in its live regions."""

from __future__ import annotations

from playwright.sync_api import Page

_LISTEN = """() => {
    window.listening?.disconnect();
    window.readAloud = [];
    const spoken = "[aria-live], [role=alert], [role=status], [role=log], [role=timer]";
    const isRead = (node) => {
        const from = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
        const region = from?.closest(spoken);
        if (!region || region.closest("[aria-hidden=true]")) return false;
        const live = region.getAttribute("aria-live");
        return live === null ? region.getAttribute("role") !== "timer" : live !== "off";
    };
    window.listening = new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes)
            for (const each of addedNodes.length === 0 ? [target] : addedNodes)
                if (isRead(each)) window.readAloud.push(each.textContent);
    });
    const all = { subtree: true, childList: true, characterData: true };
    window.listening.observe(document.body, all);
}"""


def listen(page: Page) -> None:
    """Begin to note what would be read aloud from now on."""
    page.evaluate(_LISTEN)


def read_aloud(page: Page) -> list[str]:
    """Return the words of each change that would be read aloud since `listen`."""
    texts: list[str] = page.evaluate("window.readAloud")
    return texts
