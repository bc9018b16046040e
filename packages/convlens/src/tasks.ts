import type { ImageFit } from "@convlens/datasets";
import { accuracy, crossEntropy, iou, meanSquaredError, psnr, r2, type Loss, type Metric } from "@convlens/training";

/** What a model learns to answer for an image. */
export interface Task {
  /** One phrase for the help. */
  readonly about: string;
  /** The default model for a folder of images. */
  readonly model: string;
  /** How images of another shape fit the model by default. */
  readonly fit: ImageFit;
  readonly loss: Loss;
  /** Metrics of the progress, the history and the report. Default: those of the loss, else the accuracy of a classifier. */
  readonly metrics?: Readonly<Record<string, Metric>>;
}

/** A task whose metrics have these names. */
type Measured<Name extends string> = Task & { readonly metrics: Readonly<Record<Name, Metric>> };

/** Tasks by name. */
export const tasks: {
  readonly classify: Task;
  readonly segment: Measured<"accuracy" | "iou">;
  readonly regress: Measured<"r2">;
  readonly reconstruct: Measured<"psnr">;
} = {
  classify: {
    about: "a class for each image",
    model: "small",
    fit: "cover",
    loss: crossEntropy,
  },
  segment: {
    about: "a class for each pixel",
    model: "unet",
    // The whole image, since each of its pixels gets an answer.
    fit: "stretch",
    loss: crossEntropy,
    metrics: { accuracy, iou },
  },
  regress: {
    about: "numbers for each image",
    model: "small",
    fit: "stretch",
    loss: meanSquaredError,
    metrics: { r2 },
  },
  reconstruct: {
    about: "the image itself, through an autoencoder",
    model: "autoencoder",
    fit: "cover",
    loss: meanSquaredError,
    metrics: { psnr },
  },
};

/** Name of a task. */
export type TaskName = keyof typeof tasks;

/** Titles of metrics. */
const titles: Readonly<Record<string, string>> = {
  accuracy: "Accuracy",
  iou: "Intersection over union",
  psnr: "Peak signal-to-noise ratio, dB",
  r2: "R²",
};

/** The title of a metric in the report. */
export const metricTitle = (name: string): string => titles[name] ?? name;

/** The value of a metric in the progress. */
export const metricText = (name: string, value: unknown, digits = 2): string | undefined =>
  typeof value !== "number"
    ? undefined
    : name === "accuracy"
      ? `${name} ${(100 * value).toFixed(digits)} %`
      : `${name} ${value.toFixed(digits + 1)}`;

/** The values of metrics in the progress. */
export const metricTexts = (metrics: object, digits?: number): string[] =>
  Object.entries(metrics).flatMap(([name, value]) => metricText(name, value, digits) ?? []);
