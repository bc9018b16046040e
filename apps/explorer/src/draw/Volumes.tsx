import type { JSX } from "preact";
import { BACK, captionOf, placeVolumes, WIDTH, type PlacedVolume, type Volume } from "./volume.ts";

/** What {@link Volumes} shows. */
export interface VolumesProps {
  readonly volumes: readonly Volume[];
  /** True proportions, or those of cube roots, for volumes of very different sizes. */
  readonly scale: "true" | "root";
  readonly label: string;
  /** The one that is looked at. */
  readonly chosen?: number | undefined;
  readonly onPoint?: (to: number | undefined) => void;
}

/** Volumes side by side: height upwards, width to the back, depth to the right. */
export function Volumes({ volumes, scale, label, chosen, onPoint }: VolumesProps): JSX.Element {
  const { placed, width, height } = placeVolumes(volumes, scale);
  return (
    <svg
      class="volumes"
      viewBox={`0 0 ${width.toFixed(1)} ${height.toFixed(1)}`}
      style={{ maxWidth: `${Math.min(WIDTH, width).toFixed(0)}px`, minWidth: `${Math.min(760, width).toFixed(0)}px` }}
      role="img"
      aria-label={label}
    >
      {placed.map((box, i) => (
        <Box
          key={i}
          box={box}
          volume={volumes[i]!}
          isChosen={chosen === i}
          onPoint={(isIn) => onPoint?.(isIn ? i : undefined)}
        />
      ))}
    </svg>
  );
}

/** The three faces that one sees, and what it is. */
function Box(props: {
  readonly box: PlacedVolume;
  readonly volume: Volume;
  readonly isChosen: boolean;
  readonly onPoint: (isIn: boolean) => void;
}): JSX.Element {
  const { box, volume, isChosen, onPoint } = props;
  const { tall, back, wide, x, floor } = box;
  const [dx, dy] = [back * BACK.x, back * BACK.y];
  const face = (...points: readonly (readonly [number, number])[]): string =>
    `M${points.map(([px, py]) => `${(x + px).toFixed(1)},${(floor + py).toFixed(1)}`).join("L")}Z`;
  const middle = (x + (wide + dx) / 2 + 4).toFixed(1);
  return (
    <g
      class={`volume ${volume.role} ${isChosen ? "chosen" : ""}`}
      onPointerEnter={() => onPoint(true)}
      onPointerLeave={() => onPoint(false)}
    >
      <path class="upper" d={face([0, -tall], [dx, -tall - dy], [wide + dx, -tall - dy], [wide, -tall])} />
      <path class="aside" d={face([wide, 0], [wide, -tall], [wide + dx, -tall - dy], [wide + dx, -dy])} />
      <path class="front" d={face([0, 0], [0, -tall], [wide, -tall], [wide, 0])} />
      <text transform={`translate(${middle} ${(floor + 10).toFixed(1)}) rotate(-90)`} text-anchor="end">
        {captionOf(volume)}
      </text>
    </g>
  );
}
