import type { JSX } from "preact";
import type { Place } from "../../controls/Matrix.tsx";
import { Legend, Picture, type Raster } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";

/** A result with colours of its own: as an image where nothing is below 0, by sign where something is. */
export function Result({
  name,
  values,
  at,
  onPoint,
  onPick,
}: {
  readonly name: string;
  readonly values: Float32Array;
  readonly at?: Place;
  readonly onPoint?: (to: Place | undefined) => void;
  readonly onPick?: (to: Place) => void;
}): JSX.Element {
  const side = Math.round(Math.sqrt(values.length));
  let [least, largest] = [Infinity, -Infinity];
  for (const value of values) [least, largest] = [Math.min(least, value), Math.max(largest, value)];
  const isSigned = least < -1e-4;
  const limit = Math.max(-least, largest, 1e-6);
  const raster: Raster = {
    values,
    height: side,
    width: side,
    range: isSigned ? [-limit, limit] : [0, Math.max(1, largest)],
    colours: isSigned ? "signed" : "grey",
  };
  return (
    <div>
      <p class="caption">
        <b>{name}</b>, from {shown(least)} to {shown(largest)}
      </p>
      <Picture
        raster={raster}
        label={`${name}: numbers from ${shown(least)} to ${shown(largest)}`}
        frame={at && { ...at, rows: 1, columns: 1 }}
        {...(onPoint && { onPoint })}
        {...(onPick && { onPick })}
      />
      <Legend range={raster.range} colours={raster.colours} />
    </div>
  );
}
