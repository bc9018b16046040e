import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { LayerMaps } from "../../compute/takeApart.ts";
import { Legend, Picture } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import { atlasOf, frameOf, unitAt } from "./maps.ts";
import { titleOf, type Chosen } from "./model.ts";

/** Every map of every layer; a click chooses a unit. */
export function Layers(props: {
  readonly layers: readonly LayerMaps[];
  readonly chosen: Chosen;
  readonly onChoose: (index: number, unit: readonly number[]) => void;
}): JSX.Element {
  const { layers, chosen, onChoose } = props;
  return (
    <ol class="layers">
      {layers.map((layer, index) => (
        <li key={layer.name}>
          <Maps
            layer={layer}
            unit={chosen.index === index ? chosen.unit : undefined}
            onChoose={(unit) => onChoose(index, unit)}
          />
        </li>
      ))}
    </ol>
  );
}

/** The maps of one layer. */
function Maps({
  layer,
  unit,
  onChoose,
}: {
  readonly layer: LayerMaps;
  readonly unit: readonly number[] | undefined;
  readonly onChoose: (unit: readonly number[]) => void;
}): JSX.Element {
  const { shape, values, sees } = layer;
  const atlas = useMemo(() => atlasOf(shape, values), [shape, values]);
  const [least, largest] = useMemo(() => extremes(values), [values]);
  const limit = Math.max(-least, largest, 1e-6);
  const range = [-limit, limit] as const;
  return (
    <>
      <p class="caption">
        <b>{titleOf(layer)}</b>
        {sees > 1 && `; each number depends on ${sees} × ${sees} pixels`}
      </p>
      <div class="atlas" style={{ "--wide": atlas.width, "--scale": `${scaleOf(atlas.width)}px` }}>
        <Picture
          raster={{ ...atlas, range, colours: "signed" }}
          label={`${titleOf(layer)}, from ${shown(least)} to ${shown(largest)}`}
          frame={unit && frameOf(shape, unit)}
          onPick={(place) => {
            const picked = unitAt(shape, place);
            if (picked !== undefined) onChoose(picked);
          }}
        />
        <Legend range={range} colours="signed" />
      </div>
    </>
  );
}

/** Width of a layer's picture, and what a number in it has at most, both in pixels. */
const WIDE = 640;
const LARGEST = 22;

const scaleOf = (width: number): number => Math.min(LARGEST, WIDE / width);

function extremes(values: Float32Array): readonly [number, number] {
  let [least, largest] = [Infinity, -Infinity];
  for (const value of values) [least, largest] = [Math.min(least, value), Math.max(largest, value)];
  return [least, largest];
}
