/** Photos: made small on the phone, and without what the camera wrote into them. */
import type { Bytes } from "./encryption.ts";

/** Longest side, pixels: a number plate can be read on it, and it goes through a thin network. */
const LONGEST = 1600;
const QUALITY = 0.8;

/** A JPEG of the picture, upright, without its EXIF. Throws when the browser cannot read it. */
export async function smaller(file: Blob): Promise<Bytes> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const share = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * share));
  canvas.height = Math.max(1, Math.round(picture.height * share));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (blob === null) throw new Error("no picture");
  return new Uint8Array(await blob.arrayBuffer());
}
