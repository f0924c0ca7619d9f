// Before anything is drawn: the palette that was chosen, or the system's.
{
  const chosen = window.__md_get("__palette")?.color;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const scheme = chosen?.scheme ?? (dark ? "slate" : "default");
  document.body.setAttribute("data-md-color-scheme", scheme);
}
