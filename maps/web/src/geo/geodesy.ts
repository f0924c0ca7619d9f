/** Distance and bearing on the WGS 84 ellipsoid, by Vincenty's inverse formula. Pure. */

const A_M = 6_378_137;
const F = 1 / 298.257_223_563;
const B_M = A_M * (1 - F);
const RAD = Math.PI / 180;
/** Metres of an international nautical mile. */
export const NAUTICAL_MILE_M = 1852;

export interface Leg {
  /** Geodesic length. */
  metres: number;
  /** Bearing at the start, degrees true from 0 to 360; 0 where both ends are one place. */
  bearingDeg: number;
}

/** The geodesic between two places, degrees longitude first; good to a millimetre, away from antipodes. */
export function leg([lon1, lat1]: readonly [number, number], [lon2, lat2]: readonly [number, number]): Leg {
  if (lon1 === lon2 && lat1 === lat2) return { metres: 0, bearingDeg: 0 };
  const L = (lon2 - lon1) * RAD;
  const [u1, u2] = [Math.atan((1 - F) * Math.tan(lat1 * RAD)), Math.atan((1 - F) * Math.tan(lat2 * RAD))];
  const [sinU1, cosU1, sinU2, cosU2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)];
  let lambda = L;
  let [sinS, cosS, sigma, cosSqA, cos2M] = [0, 0, 0, 0, 0];
  for (let turn = 0; turn < 100; turn += 1) {
    const [sinL, cosL] = [Math.sin(lambda), Math.cos(lambda)];
    sinS = Math.hypot(cosU2 * sinL, cosU1 * sinU2 - sinU1 * cosU2 * cosL);
    cosS = sinU1 * sinU2 + cosU1 * cosU2 * cosL;
    sigma = Math.atan2(sinS, cosS);
    const sinA = (cosU1 * cosU2 * sinL) / sinS;
    cosSqA = 1 - sinA * sinA;
    cos2M = cosSqA === 0 ? 0 : cosS - (2 * sinU1 * sinU2) / cosSqA;
    const C = (F / 16) * cosSqA * (4 + F * (4 - 3 * cosSqA));
    const before = lambda;
    lambda = L + (1 - C) * F * sinA * (sigma + C * sinS * (cos2M + C * cosS * (2 * cos2M * cos2M - 1)));
    if (Math.abs(lambda - before) < 1e-12) break;
  }
  const uSq = (cosSqA * (A_M * A_M - B_M * B_M)) / (B_M * B_M);
  const k1 = 1 + (uSq / 16384) * (4096 + uSq * (-768 + uSq * (320 - 175 * uSq)));
  const k2 = (uSq / 1024) * (256 + uSq * (-128 + uSq * (74 - 47 * uSq)));
  const more =
    k2 *
    sinS *
    (cos2M +
      (k2 / 4) * (cosS * (2 * cos2M * cos2M - 1) - (k2 / 6) * cos2M * (4 * sinS * sinS - 3) * (4 * cos2M * cos2M - 3)));
  const bearing = Math.atan2(cosU2 * Math.sin(lambda), cosU1 * sinU2 - sinU1 * cosU2 * Math.cos(lambda)) / RAD;
  return { metres: B_M * k1 * (sigma - more), bearingDeg: (bearing + 360) % 360 };
}
