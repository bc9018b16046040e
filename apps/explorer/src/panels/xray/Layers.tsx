import { useMemo } from "preact/hooks";
import type { LayerMaps } from "../../compute/takeApart.ts";
import { Legend, Picture, signed } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import { extremes, largestSize } from "../../numbers.ts";
import { atlasOf, frameOf, unitAt } from "./maps.ts";
import { titleOf, type Chosen } from "./model.ts";

/** All maps of all layers. A click selects a unit. */
export function Layers(props: {
  readonly layers: readonly LayerMaps[];
  readonly chosen: Chosen;
  readonly onChoose: (index: number, unit: readonly number[]) => void;
}) {
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

/** Width of a layer's picture, and the largest width of a number in it, in pixels. */
const WIDE = 640;
const LARGEST = 22;

/** The maps of one layer. */
function Maps({
  layer,
  unit,
  onChoose,
}: {
  readonly layer: LayerMaps;
  readonly unit: readonly number[] | undefined;
  readonly onChoose: (unit: readonly number[]) => void;
}) {
  const { shape, values, sees } = layer;
  const atlas = useMemo(() => atlasOf(shape, values), [shape, values]);
  const [least, greatest] = useMemo(() => extremes(values), [values]);
  const pixels = { ...signed(atlas.values, largestSize([least, greatest])), height: atlas.height, width: atlas.width };
  const scale = `${Math.min(LARGEST, WIDE / atlas.width)}px`;
  return (
    <>
      <p class="caption">
        <b>{titleOf(layer)}</b>
        {sees > 1 && `; receptive field ${sees} × ${sees}`}
      </p>
      <div class="atlas" style={{ "--wide": atlas.width, "--scale": scale }}>
        <Picture
          pixels={pixels}
          label={`${titleOf(layer)}, from ${shown(least)} to ${shown(greatest)}`}
          frame={unit && frameOf(shape, unit)}
          onPick={(place) => {
            const picked = unitAt(shape, place);
            if (picked !== undefined) onChoose(picked);
          }}
        />
        <Legend {...pixels} />
      </div>
    </>
  );
}
