import type { Shape } from "@convlens/backend";
import { augment, crop, cutout, flipHorizontal, noise, rotate, shift, type Augmentation } from "@convlens/datasets";
import { choice, CommandLineError } from "./options.ts";

/** Random changes by name, for images of this height and width. */
const augmentations: Readonly<Record<string, (height: number, width: number) => Augmentation>> = {
  flip: flipHorizontal,
  shift: (height, width) => shift(Math.max(1, Math.round(Math.min(height, width) / 28))),
  rotate: () => rotate(10),
  crop: (height, width) => crop({ height: Math.ceil(0.875 * height), width: Math.ceil(0.875 * width) }),
  noise: () => noise(0.05),
  cutout: (height, width) => cutout(Math.round(Math.min(height, width) / 4)),
};

/** Names of the changes. */
export const augmentationNames: readonly string[] = Object.keys(augmentations);

/**
 * Returns the changes that a list of names such as `flip,shift` stands for, in this order; `none` stands for none.
 *
 * @throws `CommandLineError` for an unknown name, or inputs that are not images.
 */
export function augmentationOf(names: string, input: Shape): Augmentation | undefined {
  if (names === "none") return undefined;
  const chosen = names.split(",").map((name) => choice("change for --augment", name.trim(), augmentations));
  const [height, width] = input as readonly [number, number];
  if (input.length !== 3)
    throw new CommandLineError("--augment changes images, and these inputs are signals; leave it out");
  return augment(...chosen.map((make) => make(height, width)));
}
