/** The font files the map draws its labels with: no glyph server, the same files as the page. */

import latin from "@fontsource/noto-sans/files/noto-sans-latin-400-normal.woff2?url";
import latinBold from "@fontsource/noto-sans/files/noto-sans-latin-600-normal.woff2?url";
import latinExt from "@fontsource/noto-sans/files/noto-sans-latin-ext-400-normal.woff2?url";
import vietnamese from "@fontsource/noto-sans/files/noto-sans-vietnamese-400-normal.woff2?url";
import khmer from "@fontsource/noto-sans-khmer/files/noto-sans-khmer-khmer-400-normal.woff2?url";
import lao from "@fontsource/noto-sans-lao/files/noto-sans-lao-lao-400-normal.woff2?url";
import myanmar from "@fontsource/noto-sans-myanmar/files/noto-sans-myanmar-myanmar-400-normal.woff2?url";
import thai from "@fontsource/noto-sans-thai/files/noto-sans-thai-thai-400-normal.woff2?url";

type FontFile = { url: string; "unicode-range": string[] };

const file = (path: string, ...ranges: string[]): FontFile => ({
  url: new URL(path, document.baseURI).href,
  "unicode-range": ranges,
});

const scripts: FontFile[] = [
  file(thai, "U+0E01-0E5B"),
  file(lao, "U+0E81-0EDF"),
  file(khmer, "U+1780-17FF", "U+19E0-19FF"),
  file(myanmar, "U+1000-109F", "U+A92E", "U+A9E0-A9FE", "U+AA60-AA7F"),
  file(
    vietnamese,
    "U+0102-0103",
    "U+0110-0111",
    "U+01A0-01A1",
    "U+01AF-01B0",
    "U+0300-0303",
    "U+0309",
    "U+0323",
    "U+1EA0-1EF9",
  ),
  file(latinExt, "U+0104-010F", "U+0112-0127", "U+012A-0167", "U+016A-019F", "U+1E00-1E9F"),
];

export const REGULAR = "Noto Sans Regular";
export const BOLD = "Noto Sans SemiBold";

export const fontFaces: Record<string, FontFile[]> = {
  [REGULAR]: [file(latin, "U+0020-00FF", "U+2000-206F", "U+2212"), ...scripts],
  [BOLD]: [file(latinBold, "U+0020-00FF", "U+2000-206F", "U+2212"), ...scripts],
};
