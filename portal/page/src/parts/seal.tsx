import type { JSX } from "preact";

const HUES = 6;

/** A number from a text, always the same. */
function hashOf(text: string): number {
  let hash = 2166136261;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
  return hash >>> 0;
}

/** Part of a circle around the middle, from an angle on, in degrees. */
function arc(radius: number, from: number, degrees: number): string {
  const at = (angle: number) => {
    const turned = ((angle - 90) * Math.PI) / 180;
    return `${(20 + radius * Math.cos(turned)).toFixed(2)} ${(20 + radius * Math.sin(turned)).toFixed(2)}`;
  };
  return `M${at(from)}A${radius} ${radius} 0 ${degrees > 180 ? 1 : 0} 1 ${at(from + degrees)}`;
}

/** An agent's seal: a drawing of its own, by which people find it again. */
export function Seal({ of, large = false }: { readonly of: string; readonly large?: boolean }): JSX.Element {
  const hash = hashOf(of);
  const rings = [14, 9.5, 5].map((radius, ring) => {
    const turn = (hash >>> (ring * 6)) & 63;
    return arc(radius, (turn * 360) / 64, 120 + ((hash >>> (18 + ring * 3)) & 7) * 24);
  });
  return (
    <svg
      class={large ? "seal seal-large" : "seal"}
      viewBox="0 0 40 40"
      data-hue={hash % HUES}
      aria-hidden="true"
    >
      <rect width="40" height="40" rx="11" />
      {rings.map((d, ring) => (
        <path key={d} d={d} class={`ring-${ring}`} />
      ))}
      <circle cx="20" cy="20" r="1.9" />
    </svg>
  );
}
