/** Line icons, 20 x 20, drawn in the colour of the text. */
import type { JSX } from "preact";

const DRAWINGS = {
  search: "M9 3.500a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM13.2 13.2 17 17",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  fit: "M3.5 7V3.500H7M13 3.500h3.500V7M16.5 13v3.500H13M7 16.500H3.500V13M10 8.500v3M8.5 10h3",
  palette: "M10 3a7 7 0 1 0 0 14V3Z",
  help: "M10 2.800a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.400ZM7.8 7.800a2.2 2.2 0 1 1 3.3 1.900c-.8.5-1.1.9-1.1 1.700M10 13.900v.1",
  left: "M12.5 4.5 7 10l5.5 5.5",
  right: "M7.5 4.5 13 10l-5.5 5.5",
  close: "M5 5l10 10M15 5 5 15",
  target: "M10 2.500v3M10 14.500v3M2.5 10h3M14.5 10h3M10 6a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z",
  clock: "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14ZM10 6.200V10l2.6 1.7",
  voice: "M10 3a2.2 2.2 0 0 1 2.2 2.200v4a2.2 2.2 0 0 1-4.4 0v-4A2.2 2.2 0 0 1 10 3ZM5.5 9.500a4.5 4.5 0 0 0 9 0M10 14v3",
  warn: "M10 3.2 17.5 16.500h-15ZM10 8v4M10 14v.1",
  radio: "M6.5 7h7v10h-7ZM12 7V2.500M8.5 9.500h3M8.5 14h3",
  layers: "M10 3 17 7l-7 4-7-4ZM3 10.500l7 4 7-4M3 13.800l7 4 7-4",
  link: "M3 10h3l2-5 4 10 2-5h3",
  list: "M4 5.500h12M4 10h12M4 14.500h12",
  unit: "M10 2.500c2.6 2.7 3.8 5.5 3.8 8.5 0 2.3-.5 4.2-1.2 6H7.400c-.7-1.8-1.2-3.7-1.2-6 0-3 1.2-5.8 3.8-8.500Z",
  out: "M8 4H4v12h4M9 10h8M14 7l3 3-3 3",
  message: "M3 4.500h14v9.500H9L5.5 17v-3H3Z",
  save: "M10 3v9M6.5 8.500 10 12l3.5-3.500M4 16h12",
  open: "M10 13V4M6.5 7.500 10 4l3.5 3.500M4 16h12",
  bell: "M5 14c1-1 1.300-2.500 1.300-5a3.700 3.700 0 0 1 7.400 0c0 2.500.3 4 1.300 5ZM8.500 16.500a1.600 1.600 0 0 0 3 0M10 3.500v1.800",
  mute: "M3 8v4h3l4 3.500v-11L6 8ZM13 8l4 4M17 8l-4 4",
  give: "M3 7h11M11 4l3 3-3 3M17 13H6M9 10l-3 3 3 3",
  pages: "M3.500 5h13M3.500 10h13M3.500 15h13",
  pause: "M7 4.500v11M13 4.500v11",
  sos: "M10 6.500a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM10 3.600a6.4 6.4 0 1 1 0 12.8 6.4 6.4 0 0 1 0-12.800ZM10 .800v1.200M10 18v1.200M.8 10H2M18 10h1.2",
} as const;

export type IconName = keyof typeof DRAWINGS;

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 20 20" aria-hidden="true">
      <path d={DRAWINGS[name]} />
    </svg>
  );
}
