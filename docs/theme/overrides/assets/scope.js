// What the theme keeps in the browser (palette, search), under the address of the site.
const base = document.currentScript.dataset.base;
window.__md_scope = new URL(base, location);
window.__md_hash = (text) => {
  let hash = 0;
  for (const letter of text) hash = ((hash << 5) - hash + letter.charCodeAt(0)) | 0;
  return hash;
};
window.__md_get = (key, storage = localStorage, scope = window.__md_scope) =>
  JSON.parse(storage.getItem(`${scope.pathname}.${key}`));
window.__md_set = (key, value, storage = localStorage, scope = window.__md_scope) => {
  try {
    storage.setItem(`${scope.pathname}.${key}`, JSON.stringify(value));
  } catch {
    // A browser that stores nothing shows the site all the same.
  }
};
