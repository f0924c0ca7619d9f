/** Asks again while somebody may be looking: the second person, and the other office, change what stands here. */
import { useEffect } from "preact/hooks";

const AGAIN_MS = 15_000;

export function useRefresh(again: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => document.hidden || again(), AGAIN_MS);
    return () => clearInterval(timer);
  });
}
