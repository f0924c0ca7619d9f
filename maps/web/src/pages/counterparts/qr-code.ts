/** QR codes read from a picture or from the camera. */
import type { decodeQR } from "qr/decode.js";

/** Longest side of what is looked at, pixels: small modules stay apart, and a phone has it in a moment. */
const LONGEST = 1600;
/** Between two looks through the camera. */
const PAUSE_MS = 150;

type Decode = typeof decodeQR;

/** The reader is loaded when somebody scans: few ever do. */
const loadReader = async (): Promise<Decode> => (await import("qr/decode.js")).decodeQR;

/** The text of the QR code in a picture; null where none can be read. */
export async function codeInPicture(file: Blob): Promise<string | null> {
  const [decode, picture] = await Promise.all([
    loadReader(),
    createImageBitmap(file, { imageOrientation: "from-image" }),
  ]);
  try {
    return codeIn(decode, picture, picture.width, picture.height);
  } finally {
    picture.close();
  }
}

/** Whether this browser gives a camera to this page: it asks for HTTPS, or the server's own machine. */
export function hasCamera(): boolean {
  return "mediaDevices" in navigator && "getUserMedia" in navigator.mediaDevices;
}

/** Shows the camera in `video` until it has seen a QR code, and returns its text; null when `signal` ended it. */
export async function codeFromCamera(video: HTMLVideoElement, signal: AbortSignal): Promise<string | null> {
  const decode = await loadReader();
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } },
  });
  try {
    video.srcObject = stream;
    await video.play();
    while (!signal.aborted) {
      const found = codeIn(decode, video, video.videoWidth, video.videoHeight);
      if (found !== null) return found;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

function codeIn(decode: Decode, source: CanvasImageSource, width: number, height: number): string | null {
  if (width === 0 || height === 0) return null;
  const share = Math.min(1, LONGEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * share);
  canvas.height = Math.round(height * share);
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  if (drawing === null) return null;
  drawing.drawImage(source, 0, 0, canvas.width, canvas.height);
  try {
    return decode(drawing.getImageData(0, 0, canvas.width, canvas.height));
  } catch {
    return null; // none in it, or none that can be read
  }
}
