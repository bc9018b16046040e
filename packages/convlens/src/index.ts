/**
 * Convolutional neural networks that train anywhere JavaScript runs, and can be looked into: all packages of Convlens in one.
 * Its command line is `convlens`.
 *
 * @module
 */
export * from "@convlens/analysis";
export * from "@convlens/analysis/render";
export * from "@convlens/backend";
export * from "@convlens/backend-cpu";
export * from "@convlens/backend-gpu";
export * from "@convlens/backend-reference";
export * from "@convlens/datasets";
export * from "@convlens/layers";
export * from "@convlens/layers/models";
export * from "@convlens/tensor";
export * from "@convlens/training";
