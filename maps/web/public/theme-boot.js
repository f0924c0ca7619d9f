// @ts-check
// Sets the palette before the first paint, so that a dark wheelhouse gets no white flash. It is a
// plain blocking script: a module would run after the first paint.
(() => {
  const palettes = ["day", "dark", "red-night"];
  let palette = null;
  try {
    palette = JSON.parse(localStorage.getItem("jp.palette") ?? "null");
  } catch {
    // Storage is off or holds something else: the system's preference decides.
  }
  if (typeof palette !== "string" || !palettes.includes(palette)) {
    palette = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "day";
  }
  document.documentElement.dataset["palette"] = palette;
})();
