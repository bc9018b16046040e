import type { JSX } from "preact";
import { Legend, Picture } from "../../draw/Picture.tsx";
import { shown } from "../../draw/shown.ts";
import type { LookAnswer, LookedMaps } from "../../compute/learning.ts";
import { LEARNING_SIDE } from "../../compute/learningData.ts";
import { percent, sharesOf, verdict } from "./model.ts";

const WINDOW = 5;

/** A round limit that changes seldom, so that pictures do not flicker while a net learns: the next power of 2. */
const limitOf = (values: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return 2 ** Math.ceil(Math.log2(Math.max(most, 1 / 8)));
};

/** Every `count`-th number from `channel` on: one map of a volume, or one filter of a layer. */
const channelOf = (values: Float32Array, channel: number, count: number): Float32Array =>
  Float32Array.from({ length: values.length / count }, (_, i) => values[i * count + channel]!);

const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => Math.max(a, b), -Infinity);

/** A net at a step: its filters, and what it makes of one example. */
export function Inside({
  look,
  of,
  classes,
  onExample,
}: {
  readonly look: LookAnswer;
  /** Which net, where there are two. */
  readonly of: string;
  readonly classes: readonly string[];
  readonly onExample: (by: number) => void;
}): JSX.Element {
  const [early, late] = look.maps as [LookedMaps, LookedMaps];
  const count = early.shape[2];
  const limit = limitOf(look.filters);
  const [top, top2] = [limitOf(early.values), limitOf(late.values)];
  const pads = Array.from({ length: count }, (_, i) => i);
  return (
    <div class="inside">
      <div class="example">
        <p class="caption">
          <b>A test example</b>, 28 × 28
        </p>
        <Picture
          raster={{
            values: look.input,
            height: LEARNING_SIDE,
            width: LEARNING_SIDE,
            range: [0, 1],
            colours: "grey",
          }}
          label={`A test example: ${classes[look.label]}`}
        />
        <div class="player">
          <button type="button" aria-label="Example before" onClick={() => onExample(-1)}>
            ‹
          </button>
          <button type="button" aria-label="Next example" onClick={() => onExample(1)}>
            ›
          </button>
        </div>
        <Answer scores={look.scores} classes={classes} label={look.label} />
      </div>
      <div class="insides">
        <div>
          <p class="caption">
            <b>Filters</b> of the first layer{of} at step {look.step}, and under each the map that it makes of the
            example
          </p>
          <div class="channels">
            {pads.map((filter) => {
              const weights = channelOf(look.filters, filter, count);
              const map = channelOf(early.values, filter, count);
              return (
                <div class="channel" key={filter}>
                  <Picture
                    raster={{
                      values: weights,
                      height: WINDOW,
                      width: WINDOW,
                      range: [-limit, limit],
                      colours: "signed",
                    }}
                    label={`Filter ${filter + 1}: weights ${Array.from(weights, shown).join(" ")}`}
                  />
                  <Picture
                    raster={{
                      values: map,
                      height: early.shape[0],
                      width: early.shape[1],
                      range: [0, top],
                      colours: "sequence",
                    }}
                    label={`Map ${filter + 1}: at most ${shown(largest(map))}`}
                  />
                  <span class="caption">{largest(map) > 0 ? filter + 1 : `${filter + 1}, all 0`}</span>
                </div>
              );
            })}
          </div>
          <div class="legends">
            <Legend range={[-limit, limit]} colours="signed" />
            <Legend range={[0, top]} colours="sequence" />
            <p class="caption">
              Fingerprint of all weights, to the last bit: <code>{look.fingerprint}</code>
            </p>
          </div>
        </div>
        <div>
          <p class="caption">
            <b>Maps</b> of the second layer, {late.shape[0]} × {late.shape[1]}
          </p>
          <div class="channels small">
            {Array.from({ length: late.shape[2] }, (_, channel) => {
              const map = channelOf(late.values, channel, late.shape[2]);
              return (
                <Picture
                  key={channel}
                  raster={{
                    values: map,
                    height: late.shape[0],
                    width: late.shape[1],
                    range: [0, top2],
                    colours: "sequence",
                  }}
                  label={`Second layer, map ${channel + 1}: at most ${shown(largest(map))}`}
                />
              );
            })}
          </div>
          <div class="legends">
            <Legend range={[0, top2]} colours="sequence" />
          </div>
        </div>
      </div>
    </div>
  );
}

/** What the net says, class by class. */
function Answer(props: {
  readonly scores: Float32Array;
  readonly classes: readonly string[];
  readonly label: number;
}): JSX.Element {
  const { scores, classes, label } = props;
  const shares = sharesOf(scores);
  return (
    <>
      <ul class="answer" aria-label="What the net says">
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
