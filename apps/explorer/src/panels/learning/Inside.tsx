import type { LookAnswer, LookedMaps } from "../../compute/learning.ts";
import { Button } from "../../controls/Button.tsx";
import { gray, Legend, Picture, Plate, signed, type Pixels } from "../../draw/Picture.tsx";
import { percent, shown } from "../../draw/shown.ts";
import { channelOf, extremes, largestSize, upTo } from "../../numbers.ts";
import { sharesOf, verdict } from "./model.ts";

/** The next power of 2: a limit that changes rarely, so that pictures do not flicker during training. */
const limitOf = (values: ArrayLike<number>): number => 2 ** Math.ceil(Math.log2(largestSize(values, 1 / 8)));

const mapPixels = (values: Float32Array, { shape }: LookedMaps, limit: number): Pixels => ({
  ...{ values, height: shape[0], width: shape[1], range: [0, limit], map: "sequential" },
});

interface InsideProps {
  readonly look: LookAnswer;
  /** Which net, if there are two. */
  readonly of: string;
  readonly classes: readonly string[];
  readonly onExample: (by: number) => void;
}

/** A net at a step: its filters, its activation maps for one example, and its answer. */
export function Inside({ look, of, classes, onExample }: InsideProps) {
  const [early, late] = look.maps as [LookedMaps, LookedMaps];
  return (
    <div class="inside">
      <div class="example">
        <Plate
          title="A test example"
          caption=", 28 × 28"
          pixels={gray(look.input)}
          label={`A test example: ${classes[look.label]}`}
        />
        <div class="player">
          <Button text="‹" aria-label="Example before" onClick={() => onExample(-1)} />
          <Button text="›" aria-label="Next example" onClick={() => onExample(1)} />
        </div>
        <Answer scores={look.scores} classes={classes} label={look.label} />
      </div>
      <div class="insides">
        <FirstLayer look={look} of={of} maps={early} />
        <SecondLayer maps={late} />
      </div>
    </div>
  );
}

/** The filters of the first layer, each above its map. */
function FirstLayer(props: Pick<InsideProps, "look" | "of"> & { readonly maps: LookedMaps }) {
  const { look, of, maps } = props;
  const count = maps.shape[2];
  const [limit, top] = [limitOf(look.filters), limitOf(maps.values)];
  return (
    <div>
      <p class="caption">
        <b>Filters</b> of the first layer{of} at step {look.step}, and below each its map of the example
      </p>
      <div class="channels">
        {upTo(count).map((filter) => {
          const weights = channelOf(look.filters, filter, count);
          const map = channelOf(maps.values, filter, count);
          const [, most] = extremes(map);
          return (
            <div class="channel" key={filter}>
              <Picture
                pixels={signed(weights, limit)}
                label={`Filter ${filter + 1}: weights ${Array.from(weights, shown).join(" ")}`}
              />
              <Picture pixels={mapPixels(map, maps, top)} label={`Map ${filter + 1}: at most ${shown(most)}`} />
              <span class="caption">{most > 0 ? filter + 1 : `${filter + 1}, all 0`}</span>
            </div>
          );
        })}
      </div>
      <div class="legends">
        <Legend range={[-limit, limit]} map="signed" />
        <Legend range={[0, top]} map="sequential" />
        <p class="caption">
          Fingerprint of all weights, to the last bit: <code>{look.fingerprint}</code>
        </p>
      </div>
    </div>
  );
}

/** The maps of the second layer. */
function SecondLayer({ maps }: { readonly maps: LookedMaps }) {
  const [height, width, count] = maps.shape;
  const top = limitOf(maps.values);
  return (
    <div>
      <p class="caption">
        <b>Maps</b> of the second layer, {height} × {width}
      </p>
      <div class="channels small">
        {upTo(count).map((channel) => {
          const map = channelOf(maps.values, channel, count);
          return (
            <Picture
              key={channel}
              pixels={mapPixels(map, maps, top)}
              label={`Second layer, map ${channel + 1}: at most ${shown(extremes(map)[1])}`}
            />
          );
        })}
      </div>
      <div class="legends">
        <Legend range={[0, top]} map="sequential" />
      </div>
    </div>
  );
}

/** The share of each class. */
function Answer(props: { readonly scores: Float32Array; readonly classes: readonly string[]; readonly label: number }) {
  const { scores, classes, label } = props;
  const shares = sharesOf(scores);
  return (
    <>
      <ul class="answer" aria-label="Answer of the net">
        {classes.map((name, i) => (
          <li key={name} class={i === label ? "right" : ""}>
            <span class="name">{name}</span>
            <span class="bar" aria-hidden="true">
              <span style={{ width: `${100 * (shares[i] ?? 0)}%` }} />
            </span>
            <span class="share">{percent(shares[i] ?? NaN)}</span>
          </li>
        ))}
      </ul>
      <p class="verdict">{verdict(scores, classes, label)}</p>
    </>
  );
}
